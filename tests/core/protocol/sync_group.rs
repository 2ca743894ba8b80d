//! `SyncGroup` against the oracle.

use dekaf::protocol::{SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse};
use kafka_protocol::messages::{self, sync_group_request};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    SyncGroupRequestAssignment = sync_group_request::SyncGroupRequestAssignment {
        member_id;
        assignment;
    }
}

oracle_types! {
    SyncGroupRequest = messages::SyncGroupRequest {
        group_id;
        generation_id;
        member_id;
        group_instance_id in 3..;
        protocol_type in 5..;
        protocol_name in 5..;
        assignments;
    }
}

oracle_types! {
    SyncGroupResponse = messages::SyncGroupResponse {
        throttle_time_ms in 1..;
        error_code;
        protocol_type in 5..;
        protocol_name in 5..;
        assignment;
    }
}

agree!(SyncGroupRequest, SyncGroupResponse);

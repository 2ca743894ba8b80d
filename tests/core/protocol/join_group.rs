//! `JoinGroup` against the oracle.

use dekaf::protocol::{
    JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse, JoinGroupResponseMember,
};
use kafka_protocol::messages::{self, join_group_request, join_group_response};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    JoinGroupRequestProtocol = join_group_request::JoinGroupRequestProtocol {
        name;
        metadata;
    }
}

oracle_types! {
    JoinGroupRequest = messages::JoinGroupRequest {
        group_id;
        session_timeout_ms;
        rebalance_timeout_ms in 1..;
        member_id;
        group_instance_id in 5..;
        protocol_type;
        protocols;
        reason in 8..;
    }
}

oracle_types! {
    JoinGroupResponseMember = join_group_response::JoinGroupResponseMember {
        member_id;
        group_instance_id in 5..;
        metadata;
    }
}

oracle_types! {
    JoinGroupResponse = messages::JoinGroupResponse {
        throttle_time_ms in 2..;
        error_code;
        generation_id;
        protocol_type in 7..;
        protocol_name, null in 7..;
        leader;
        skip_assignment in 9..;
        member_id;
        members;
    }
}

agree!(JoinGroupRequest, JoinGroupResponse);

//! `LeaveGroup` against the oracle: one member, and several.

use dekaf::protocol::{LeaveGroupRequest, LeaveGroupResponse, MemberIdentity, MemberResponse};
use kafka_protocol::messages::{self, leave_group_request, leave_group_response};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    MemberIdentity = leave_group_request::MemberIdentity {
        member_id;
        group_instance_id;
        reason in 5..;
    }
}

oracle_types! {
    LeaveGroupRequest = messages::LeaveGroupRequest {
        group_id;
        member_id in ..=2;
        members in 3..;
    }
}

oracle_types! {
    MemberResponse = leave_group_response::MemberResponse {
        member_id;
        group_instance_id;
        error_code;
    }
}

oracle_types! {
    LeaveGroupResponse = messages::LeaveGroupResponse {
        throttle_time_ms in 1..;
        error_code;
        members in 3..;
    }
}

agree!(LeaveGroupRequest, LeaveGroupResponse);

//! `LeaveGroup`: removes members before their sessions expire.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// A member that leaves, or that an administrator removes by its instance id.
    MemberIdentity {
        /// Empty if the member is given by `group_instance_id`.
        member_id: String, 3..;
        group_instance_id: Option<String>, 3..;
        /// The reason to leave, for the broker's log.
        reason: Option<String>, 5..;
    }
}

message! {
    /// Removes one member from a group, or several from version 3 on.
    LeaveGroupRequest {
        group_id: String, 0..;
        member_id: String, 0..=2;
        members: Vec<MemberIdentity>, 3..;
    }
}

impl Request for LeaveGroupRequest {
    type Response = LeaveGroupResponse;
    const KEY: ApiKey = ApiKey::LeaveGroup;
    const VERSIONS: (i16, i16) = (0, 5);
    const FLEXIBLE_FROM: i16 = 4;
}

message! {
    MemberResponse {
        member_id: String, 3..;
        group_instance_id: Option<String>, 3..;
        error_code: ErrorCode, 3..;
    }
}

message! {
    LeaveGroupResponse {
        throttle_time_ms: i32, 1..;
        /// The whole request's error; before version 3 the member's error.
        error_code: ErrorCode, 0..;
        members: Vec<MemberResponse>, 3..;
    }
}

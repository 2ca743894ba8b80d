//! `LeaveGroup`: members go, without waiting for their sessions to end.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// A member that leaves, or that an administrator removes by its static name.
    MemberIdentity {
        /// The member's id, empty if it is named by the other one.
        member_id: String, 3..;
        /// A static member's name.
        group_instance_id: Option<String>, 3..;
        /// Why it leaves, for the broker's log.
        reason: Option<String>, 5..;
    }
}

message! {
    /// Takes one member out of a group, or several from version 3 on.
    LeaveGroupRequest {
        /// The group's id.
        group_id: String, 0..;
        /// The member's id.
        member_id: String, 0..=2;
        /// The members.
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
    /// What became of one member.
    MemberResponse {
        /// The member's id, as the request had it.
        member_id: String, 3..;
        /// A static member's name.
        group_instance_id: Option<String>, 3..;
        /// Why it could not leave.
        error_code: ErrorCode, 3..;
    }
}

message! {
    /// Who has left.
    LeaveGroupResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 1..;
        /// Why nobody has; before version 3 this is the member's.
        error_code: ErrorCode, 0..;
        /// The members.
        members: Vec<MemberResponse>, 3..;
    }
}

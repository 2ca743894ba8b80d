//! `SyncGroup`: takes the leader's assignment and returns each member's part.

use bytes::Bytes;

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// One member's assignment.
    SyncGroupRequestAssignment {
        member_id: String, 0..;
        /// The member's partitions; opaque to brokers.
        assignment: Bytes, 0..;
    }
}

message! {
    /// Asks for the member's assignment. The leader's request carries those of all members.
    SyncGroupRequest {
        group_id: String, 0..;
        generation_id: i32, 0..;
        member_id: String, 0..;
        group_instance_id: Option<String>, 3..;
        protocol_type: Option<String>, 5..;
        protocol_name: Option<String>, 5..;
        /// Empty except from the leader.
        assignments: Vec<SyncGroupRequestAssignment>, 0..;
    }
}

impl Request for SyncGroupRequest {
    type Response = SyncGroupResponse;
    const KEY: ApiKey = ApiKey::SyncGroup;
    const VERSIONS: (i16, i16) = (0, 5);
    const FLEXIBLE_FROM: i16 = 4;
}

message! {
    SyncGroupResponse {
        throttle_time_ms: i32, 1..;
        /// `REBALANCE_IN_PROGRESS` asks the member to join again.
        error_code: ErrorCode, 0..;
        protocol_type: Option<String>, 5..;
        protocol_name: Option<String>, 5..;
        /// The leader's assignment for this member.
        assignment: Bytes, 0..;
    }
}

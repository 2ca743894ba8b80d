//! `SyncGroup`: the leader hands in the assignment, and every member waits for its part.

use bytes::Bytes;

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// What one member gets.
    SyncGroupRequestAssignment {
        /// The member's id.
        member_id: String, 0..;
        /// Its partitions; brokers do not look inside.
        assignment: Bytes, 0..;
    }
}

message! {
    /// Asks for the member's part, and brings everybody's if it comes from the leader.
    SyncGroupRequest {
        /// The group's id.
        group_id: String, 0..;
        /// The generation that the member is in.
        generation_id: i32, 0..;
        /// The member's id.
        member_id: String, 0..;
        /// A static member's name.
        group_instance_id: Option<String>, 3..;
        /// What kind of group the member takes it for.
        protocol_type: Option<String>, 5..;
        /// The protocol that it takes for the chosen one.
        protocol_name: Option<String>, 5..;
        /// The leader's assignment; empty from all others.
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
    /// The member's part.
    SyncGroupResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 1..;
        /// Why the member gets nothing; `REBALANCE_IN_PROGRESS` wants it to join again.
        error_code: ErrorCode, 0..;
        /// What kind of group it is.
        protocol_type: Option<String>, 5..;
        /// The protocol chosen.
        protocol_name: Option<String>, 5..;
        /// What the leader gave to the member.
        assignment: Bytes, 0..;
    }
}

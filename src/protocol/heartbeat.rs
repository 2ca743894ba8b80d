//! `Heartbeat`: a member is alive, and hears whether its group rebalances.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Says that a member is alive.
    HeartbeatRequest {
        /// The group's id.
        group_id: String, 0..;
        /// The generation that the member is in.
        generation_id: i32, 0..;
        /// The member's id.
        member_id: String, 0..;
        /// A static member's name.
        group_instance_id: Option<String>, 3..;
    }
}

impl Request for HeartbeatRequest {
    type Response = HeartbeatResponse;
    const KEY: ApiKey = ApiKey::Heartbeat;
    const VERSIONS: (i16, i16) = (0, 4);
    const FLEXIBLE_FROM: i16 = 4;
}

message! {
    /// Says whether the member is still in.
    HeartbeatResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 1..;
        /// `REBALANCE_IN_PROGRESS` wants the member to join again.
        error_code: ErrorCode, 0..;
    }
}

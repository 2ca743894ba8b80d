//! `Heartbeat`: keeps a member in its group and reports rebalances to it.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    HeartbeatRequest {
        group_id: String, 0..;
        generation_id: i32, 0..;
        member_id: String, 0..;
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
    HeartbeatResponse {
        throttle_time_ms: i32, 1..;
        /// `REBALANCE_IN_PROGRESS` asks the member to join again.
        error_code: ErrorCode, 0..;
    }
}

//! `FindCoordinator`: the broker that coordinates a group or a transaction.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Asks for one coordinator, or for several from version 4 on.
    FindCoordinatorRequest {
        /// A group id or a transactional id.
        key: String, 0..=3;
        /// 0 for groups, 1 for transactions.
        key_type: i8, 1..;
        /// Group ids or transactional ids.
        coordinator_keys: Vec<String>, 4..;
    }
}

impl Request for FindCoordinatorRequest {
    type Response = FindCoordinatorResponse;
    const KEY: ApiKey = ApiKey::FindCoordinator;
    const VERSIONS: (i16, i16) = (0, 4);
    const FLEXIBLE_FROM: i16 = 3;
}

message! {
    Coordinator {
        key: String, 4..;
        node_id: i32, 4..;
        host: String, 4..;
        port: i32, 4..;
        error_code: ErrorCode, 4..;
        error_message: Option<String>, 4..;
    }
}

message! {
    /// One coordinator, or several from version 4 on.
    FindCoordinatorResponse {
        throttle_time_ms: i32, 1..;
        error_code: ErrorCode, 0..=3;
        error_message: Option<String>, 1..=3;
        node_id: i32, 0..=3;
        host: String, 0..=3;
        port: i32, 0..=3;
        coordinators: Vec<Coordinator>, 4..;
    }
}

//! `FindCoordinator`: which broker keeps a group's members and offsets, or a transaction.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Asks for one coordinator, or for several from version 4 on.
    FindCoordinatorRequest {
        /// A group's id, or a transactional id.
        key: String, 0..=3;
        /// 0 for groups, 1 for transactions.
        key_type: i8, 1..;
        /// Ids of groups, or transactional ids.
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
    /// The coordinator of one of several keys.
    Coordinator {
        /// The group's id, or the transactional id.
        key: String, 4..;
        /// The broker's id.
        node_id: i32, 4..;
        /// Its host.
        host: String, 4..;
        /// Its port.
        port: i32, 4..;
        /// Why there is none.
        error_code: ErrorCode, 4..;
        /// The same in words.
        error_message: Option<String>, 4..;
    }
}

message! {
    /// One coordinator, or several from version 4 on.
    FindCoordinatorResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 1..;
        /// Why there is no coordinator.
        error_code: ErrorCode, 0..=3;
        /// The same in words.
        error_message: Option<String>, 1..=3;
        /// The broker's id.
        node_id: i32, 0..=3;
        /// Its host.
        host: String, 0..=3;
        /// Its port.
        port: i32, 0..=3;
        /// One for each key.
        coordinators: Vec<Coordinator>, 4..;
    }
}

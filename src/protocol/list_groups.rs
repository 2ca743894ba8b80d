//! `ListGroups`: the groups that a broker coordinates.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    ListGroupsRequest {
        /// The states to include, such as `Stable`; empty means all.
        states_filter: Vec<String>, 4..;
    }
}

impl Request for ListGroupsRequest {
    type Response = ListGroupsResponse;
    const KEY: ApiKey = ApiKey::ListGroups;
    // Version 5 filters groups by type (KIP-848).
    const VERSIONS: (i16, i16) = (0, 4);
    const FLEXIBLE_FROM: i16 = 3;
}

message! {
    ListedGroup {
        group_id: String, 0..;
        /// The kind of group: `consumer` for consumers, empty without members.
        protocol_type: String, 0..;
        /// Such as `Stable` or `PreparingRebalance`.
        group_state: String, 4..;
    }
}

message! {
    ListGroupsResponse {
        throttle_time_ms: i32, 1..;
        error_code: ErrorCode, 0..;
        groups: Vec<ListedGroup>, 0..;
    }
}

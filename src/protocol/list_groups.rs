//! `ListGroups`: the groups that a broker coordinates.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Asks for groups.
    ListGroupsRequest {
        /// The states that are of interest, such as `Stable`; empty means all.
        states_filter: Vec<String>, 4..;
    }
}

impl Request for ListGroupsRequest {
    type Response = ListGroupsResponse;
    const KEY: ApiKey = ApiKey::ListGroups;
    // Version 5 tells groups by their types (KIP-848).
    const VERSIONS: (i16, i16) = (0, 4);
    const FLEXIBLE_FROM: i16 = 3;
}

message! {
    /// A group in a few words.
    ListedGroup {
        /// The group's id.
        group_id: String, 0..;
        /// What kind it is: `consumer` for consumers, empty without members.
        protocol_type: String, 0..;
        /// What it is doing, such as `Stable` or `PreparingRebalance`.
        group_state: String, 4..;
    }
}

message! {
    /// The broker's groups.
    ListGroupsResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 1..;
        /// Why the list is not whole.
        error_code: ErrorCode, 0..;
        /// The groups.
        groups: Vec<ListedGroup>, 0..;
    }
}

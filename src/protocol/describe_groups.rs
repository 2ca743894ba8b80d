//! `DescribeGroups`: what groups are doing, and who is in them.

use bytes::Bytes;

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Asks about groups.
    DescribeGroupsRequest {
        /// The groups' ids.
        groups: Vec<String>, 0..;
        /// Whether to list what the client may do with each group.
        include_authorized_operations: bool, 3..;
    }
}

impl Request for DescribeGroupsRequest {
    type Response = DescribeGroupsResponse;
    const KEY: ApiKey = ApiKey::DescribeGroups;
    // Version 6 says `GROUP_ID_NOT_FOUND` where these describe a group that is `Dead`.
    const VERSIONS: (i16, i16) = (0, 5);
    const FLEXIBLE_FROM: i16 = 5;
}

message! {
    /// A member of a group.
    DescribedGroupMember {
        /// The id that the coordinator gave.
        member_id: String, 0..;
        /// A static member's name.
        group_instance_id: Option<String>, 4..;
        /// The client id with which it joined.
        client_id: String, 0..;
        /// The address from which it joined.
        client_host: String, 0..;
        /// What it said for the protocol that was chosen.
        member_metadata: Bytes, 0..;
        /// What the leader gave to it.
        member_assignment: Bytes, 0..;
    }
}

message! {
    /// A group and its members.
    DescribedGroup {
        /// Why it cannot be described.
        error_code: ErrorCode, 0..;
        /// The group's id.
        group_id: String, 0..;
        /// What it is doing; `Dead` if there is none.
        group_state: String, 0..;
        /// What kind it is: `consumer` for consumers.
        protocol_type: String, 0..;
        /// The protocol chosen, empty unless the group is stable.
        protocol_data: String, 0..;
        /// Its members.
        members: Vec<DescribedGroupMember>, 0..;
        /// What the client may do with it, as a bit field.
        authorized_operations: i32 = i32::MIN, 3..;
    }
}

message! {
    /// What groups are doing.
    DescribeGroupsResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 1..;
        /// One for each group that was asked for.
        groups: Vec<DescribedGroup>, 0..;
    }
}

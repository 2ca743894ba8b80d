//! `DescribeGroups`: the states and members of groups.

use bytes::Bytes;

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    DescribeGroupsRequest {
        groups: Vec<String>, 0..;
        include_authorized_operations: bool, 3..;
    }
}

impl Request for DescribeGroupsRequest {
    type Response = DescribeGroupsResponse;
    const KEY: ApiKey = ApiKey::DescribeGroups;
    // Version 6 answers `GROUP_ID_NOT_FOUND` where these versions describe a `Dead` group.
    const VERSIONS: (i16, i16) = (0, 5);
    const FLEXIBLE_FROM: i16 = 5;
}

message! {
    DescribedGroupMember {
        /// The id that the coordinator assigned.
        member_id: String, 0..;
        group_instance_id: Option<String>, 4..;
        /// The client id in the member's `JoinGroup` request.
        client_id: String, 0..;
        /// The address from which the member joined.
        client_host: String, 0..;
        /// The member's metadata for the chosen protocol.
        member_metadata: Bytes, 0..;
        /// The leader's assignment for this member.
        member_assignment: Bytes, 0..;
    }
}

message! {
    DescribedGroup {
        error_code: ErrorCode, 0..;
        group_id: String, 0..;
        /// `Dead` if the group does not exist.
        group_state: String, 0..;
        /// The kind of group: `consumer` for consumers.
        protocol_type: String, 0..;
        /// The chosen protocol, empty unless the group is stable.
        protocol_data: String, 0..;
        members: Vec<DescribedGroupMember>, 0..;
        /// The permitted operations as a bit field.
        authorized_operations: i32 = i32::MIN, 3..;
    }
}

message! {
    DescribeGroupsResponse {
        throttle_time_ms: i32, 1..;
        groups: Vec<DescribedGroup>, 0..;
    }
}

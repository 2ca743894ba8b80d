//! `JoinGroup`: enters a group, and waits for a generation to begin.

use bytes::Bytes;

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// A way to share out partitions that the member knows.
    JoinGroupRequestProtocol {
        /// The assignor's name.
        name: String, 0..;
        /// What it wants to know of the member, its topics above all; brokers do not look inside.
        metadata: Bytes, 0..;
    }
}

message! {
    /// Asks to become, or to stay, a group's member.
    JoinGroupRequest {
        /// The group's id.
        group_id: String, 0..;
        /// How long the member may go without a heartbeat.
        session_timeout_ms: i32, 0..;
        /// How long members may take to come back when the group rebalances; before version 1 as
        /// long as a session.
        rebalance_timeout_ms: i32 = -1, 1..;
        /// The id that the coordinator gave, empty the first time.
        member_id: String, 0..;
        /// The name by which a static member is known again (KIP-345).
        group_instance_id: Option<String>, 5..;
        /// What kind of group it is: `consumer` for consumers.
        protocol_type: String, 0..;
        /// The protocols that the member speaks, the one it likes most first.
        protocols: Vec<JoinGroupRequestProtocol>, 0..;
        /// Why it joins, for the broker's log.
        reason: Option<String>, 8..;
    }
}

impl Request for JoinGroupRequest {
    type Response = JoinGroupResponse;
    const KEY: ApiKey = ApiKey::JoinGroup;
    const VERSIONS: (i16, i16) = (0, 9);
    const FLEXIBLE_FROM: i16 = 6;
}

message! {
    /// A member, as the leader sees it.
    JoinGroupResponseMember {
        /// The id that the coordinator gave.
        member_id: String, 0..;
        /// A static member's name.
        group_instance_id: Option<String>, 5..;
        /// What the member said for the protocol that was chosen.
        metadata: Bytes, 0..;
    }
}

message! {
    /// The generation that begins.
    JoinGroupResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 2..;
        /// Why the member is not in; `MEMBER_ID_REQUIRED` wants it to ask again with its new id.
        error_code: ErrorCode, 0..;
        /// Grows with every rebalance.
        generation_id: i32 = -1, 0..;
        /// What kind of group it is.
        protocol_type: Option<String>, 7..;
        /// The protocol chosen; may be null from version 7 on, and is empty before without one.
        protocol_name: Option<String>, 0..;
        /// The member that makes the assignment.
        leader: String, 0..;
        /// Whether the leader is to leave it at the assignment that there is (KIP-814).
        skip_assignment: bool, 9..;
        /// The id of the member that asked.
        member_id: String, 0..;
        /// All members, for the leader; nobody for the others.
        members: Vec<JoinGroupResponseMember>, 0..;
    }
}

//! `JoinGroup`: joins a group, and waits for a generation to begin.

use bytes::Bytes;

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// A partition assignment protocol that the member supports.
    JoinGroupRequestProtocol {
        /// The assignor's name.
        name: String, 0..;
        /// The assignor's data about the member, such as its topics; opaque to brokers.
        metadata: Bytes, 0..;
    }
}

message! {
    /// Asks to join a group, or to stay in it when it rebalances.
    JoinGroupRequest {
        group_id: String, 0..;
        /// The maximum time between the member's heartbeats.
        session_timeout_ms: i32, 0..;
        /// How long members may take to join again in a rebalance. Version 0 uses the session
        /// timeout.
        rebalance_timeout_ms: i32 = -1, 1..;
        /// The id that the coordinator assigned, empty the first time.
        member_id: String, 0..;
        /// The name that identifies a static member after a restart (KIP-345).
        group_instance_id: Option<String>, 5..;
        /// The kind of group: `consumer` for consumers.
        protocol_type: String, 0..;
        /// The supported protocols, the preferred one first.
        protocols: Vec<JoinGroupRequestProtocol>, 0..;
        /// The reason to join, for the broker's log.
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
    /// A member, as reported to the leader.
    JoinGroupResponseMember {
        /// The id that the coordinator assigned.
        member_id: String, 0..;
        group_instance_id: Option<String>, 5..;
        /// The member's metadata for the chosen protocol.
        metadata: Bytes, 0..;
    }
}

message! {
    /// The generation that begins.
    JoinGroupResponse {
        throttle_time_ms: i32, 2..;
        /// `MEMBER_ID_REQUIRED` asks the client to join again with its new id.
        error_code: ErrorCode, 0..;
        /// Incremented by every rebalance.
        generation_id: i32 = -1, 0..;
        protocol_type: Option<String>, 7..;
        /// The chosen protocol. Without one: null from version 7 on, empty before.
        protocol_name: Option<String>, 0..;
        /// The member that computes the assignment.
        leader: String, 0..;
        /// Whether the leader must keep the existing assignment (KIP-814).
        skip_assignment: bool, 9..;
        member_id: String, 0..;
        /// All members for the leader, empty for the others.
        members: Vec<JoinGroupResponseMember>, 0..;
    }
}

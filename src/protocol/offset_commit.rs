//! `OffsetCommit`: a group remembers how far it has read.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// How far one partition was read.
    OffsetCommitRequestPartition {
        /// The partition's index.
        partition_index: i32, 0..;
        /// The offset to go on from.
        committed_offset: i64, 0..;
        /// The epoch of the last record that was read, −1 if unknown.
        committed_leader_epoch: i32 = -1, 6..;
        /// Whatever the client wants to keep with it.
        committed_metadata: Option<String>, 0..;
    }
}

message! {
    /// How far one topic was read.
    OffsetCommitRequestTopic {
        /// The topic's name.
        name: String, 0..;
        /// The partitions.
        partitions: Vec<OffsetCommitRequestPartition>, 0..;
    }
}

message! {
    /// Offsets to remember.
    OffsetCommitRequest {
        /// The group's id.
        group_id: String, 0..;
        /// The generation that the member is in; −1 from a client that does without members.
        generation_id: i32 = -1, 1..;
        /// The member's id, empty likewise.
        member_id: String, 1..;
        /// A static member's name.
        group_instance_id: Option<String>, 7..;
        /// How long to remember them, −1 for as long as the broker likes.
        retention_time_ms: i64 = -1, 2..=4;
        /// The topics.
        topics: Vec<OffsetCommitRequestTopic>, 0..;
    }
}

impl Request for OffsetCommitRequest {
    type Response = OffsetCommitResponse;
    const KEY: ApiKey = ApiKey::OffsetCommit;
    // Brokers have forgotten versions 0, which wrote to ZooKeeper, and 1; 9 is 8 for KIP-848.
    const VERSIONS: (i16, i16) = (2, 8);
    const FLEXIBLE_FROM: i16 = 8;
}

message! {
    /// Whether one partition's offset is remembered.
    OffsetCommitResponsePartition {
        /// The partition's index.
        partition_index: i32, 0..;
        /// Why it is not.
        error_code: ErrorCode, 0..;
    }
}

message! {
    /// Whether one topic's offsets are remembered.
    OffsetCommitResponseTopic {
        /// The topic's name.
        name: String, 0..;
        /// The partitions.
        partitions: Vec<OffsetCommitResponsePartition>, 0..;
    }
}

message! {
    /// Which offsets are remembered.
    OffsetCommitResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 3..;
        /// The topics.
        topics: Vec<OffsetCommitResponseTopic>, 0..;
    }
}

//! `OffsetCommit`: stores a group's offsets.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    OffsetCommitRequestPartition {
        partition_index: i32, 0..;
        /// The next offset to read.
        committed_offset: i64, 0..;
        /// The leader epoch of the last record read, −1 if unknown.
        committed_leader_epoch: i32 = -1, 6..;
        /// Opaque data of the client.
        committed_metadata: Option<String>, 0..;
    }
}

message! {
    OffsetCommitRequestTopic {
        name: String, 0..;
        partitions: Vec<OffsetCommitRequestPartition>, 0..;
    }
}

message! {
    OffsetCommitRequest {
        group_id: String, 0..;
        /// −1 from a client outside the group's membership.
        generation_id: i32 = -1, 1..;
        /// Empty from a client outside the group's membership.
        member_id: String, 1..;
        group_instance_id: Option<String>, 7..;
        /// −1 for the broker's default.
        retention_time_ms: i64 = -1, 2..=4;
        topics: Vec<OffsetCommitRequestTopic>, 0..;
    }
}

impl Request for OffsetCommitRequest {
    type Response = OffsetCommitResponse;
    const KEY: ApiKey = ApiKey::OffsetCommit;
    // Current brokers no longer support versions 0, which wrote to ZooKeeper, and 1. Version 9
    // equals 8 and is for KIP-848.
    const VERSIONS: (i16, i16) = (2, 8);
    const FLEXIBLE_FROM: i16 = 8;
}

message! {
    OffsetCommitResponsePartition {
        partition_index: i32, 0..;
        error_code: ErrorCode, 0..;
    }
}

message! {
    OffsetCommitResponseTopic {
        name: String, 0..;
        partitions: Vec<OffsetCommitResponsePartition>, 0..;
    }
}

message! {
    OffsetCommitResponse {
        throttle_time_ms: i32, 3..;
        topics: Vec<OffsetCommitResponseTopic>, 0..;
    }
}

//! `ListOffsets`: the start and end of partitions, and offsets by timestamp.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    ListOffsetsPartition {
        partition_index: i32, 0..;
        /// −1 if the client does not know the leader epoch.
        current_leader_epoch: i32 = -1, 4..;
        /// Milliseconds since the Unix epoch. −1 asks for the end, −2 for the beginning and −3,
        /// from version 7 on, for the record with the greatest timestamp (KIP-734).
        timestamp: i64, 0..;
    }
}

message! {
    ListOffsetsTopic {
        name: String, 0..;
        partitions: Vec<ListOffsetsPartition>, 0..;
    }
}

message! {
    ListOffsetsRequest {
        /// A follower's broker id, −1 for a client.
        replica_id: i32 = -1, 0..;
        /// 0 ends partitions at the high watermark, 1 at the last stable offset.
        isolation_level: i8, 2..;
        topics: Vec<ListOffsetsTopic>, 0..;
    }
}

impl Request for ListOffsetsRequest {
    type Response = ListOffsetsResponse;
    const KEY: ApiKey = ApiKey::ListOffsets;
    // Version 0 answers with the starts of segments; 8 to 10 are about tiered storage.
    const VERSIONS: (i16, i16) = (1, 7);
    const FLEXIBLE_FROM: i16 = 6;
}

message! {
    ListOffsetsPartitionResponse {
        partition_index: i32, 0..;
        error_code: ErrorCode, 0..;
        /// The record's timestamp; −1 for the start and end, and if there is no such record.
        timestamp: i64 = -1, 1..;
        /// −1 if there is no such record.
        offset: i64 = -1, 1..;
        /// The leader epoch in which the record was written, −1 if unknown.
        leader_epoch: i32 = -1, 4..;
    }
}

message! {
    ListOffsetsTopicResponse {
        name: String, 0..;
        partitions: Vec<ListOffsetsPartitionResponse>, 0..;
    }
}

message! {
    ListOffsetsResponse {
        throttle_time_ms: i32, 2..;
        topics: Vec<ListOffsetsTopicResponse>, 0..;
    }
}

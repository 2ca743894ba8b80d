//! `ListOffsets`: where partitions begin and end, and which record is the first of a time.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// A partition and the time to look up.
    ListOffsetsPartition {
        /// The partition's index.
        partition_index: i32, 0..;
        /// The leader epoch that the client knows, −1 if unknown.
        current_leader_epoch: i32 = -1, 4..;
        /// Milliseconds of a record's clock; −1 asks for the end, −2 for the beginning, −3, from
        /// version 7 on, for the record with the greatest timestamp (KIP-734).
        timestamp: i64, 0..;
    }
}

message! {
    /// One topic's partitions to look up.
    ListOffsetsTopic {
        /// The topic's name.
        name: String, 0..;
        /// The partitions.
        partitions: Vec<ListOffsetsPartition>, 0..;
    }
}

message! {
    /// Asks for offsets by time.
    ListOffsetsRequest {
        /// The follower that asks, −1 for a client.
        replica_id: i32 = -1, 0..;
        /// 0 ends partitions at the high watermark, 1 at the last stable offset.
        isolation_level: i8, 2..;
        /// The topics.
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
    /// The offset found in one partition.
    ListOffsetsPartitionResponse {
        /// The partition's index.
        partition_index: i32, 0..;
        /// Why nothing could be looked up.
        error_code: ErrorCode, 0..;
        /// The record's timestamp; −1 for the ends, and if there is no such record.
        timestamp: i64 = -1, 1..;
        /// Its offset, −1 if there is no such record.
        offset: i64 = -1, 1..;
        /// The epoch it was written in, −1 if unknown.
        leader_epoch: i32 = -1, 4..;
    }
}

message! {
    /// The offsets found in one topic.
    ListOffsetsTopicResponse {
        /// The topic's name.
        name: String, 0..;
        /// The partitions.
        partitions: Vec<ListOffsetsPartitionResponse>, 0..;
    }
}

message! {
    /// The offsets found.
    ListOffsetsResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 2..;
        /// The topics.
        topics: Vec<ListOffsetsTopicResponse>, 0..;
    }
}

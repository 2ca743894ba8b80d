//! `OffsetFetch`: how far a group has read; from version 8 on, how far each of several has.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// One topic's partitions.
    OffsetFetchRequestTopic {
        /// The topic's name.
        name: String, 0..;
        /// The partitions' indexes.
        partition_indexes: Vec<i32>, 0..;
    }
}

message! {
    /// One of several groups.
    OffsetFetchRequestGroup {
        /// The group's id.
        group_id: String, 8..;
        /// The topics; `None` means all that the group has offsets in.
        topics: Option<Vec<OffsetFetchRequestTopic>>, 8..;
    }
}

message! {
    /// Asks for offsets that were committed.
    OffsetFetchRequest {
        /// The group's id.
        group_id: String, 0..=7;
        /// The topics; `None`, from version 2 on, means all that the group has offsets in.
        topics: Option<Vec<OffsetFetchRequestTopic>>, 0..=7;
        /// The groups.
        groups: Vec<OffsetFetchRequestGroup>, 8..;
        /// Whether to refuse offsets that an open transaction may yet change (KIP-447).
        require_stable: bool, 7..;
    }
}

impl Request for OffsetFetchRequest {
    type Response = OffsetFetchResponse;
    const KEY: ApiKey = ApiKey::OffsetFetch;
    // Version 0 read from ZooKeeper; 9 is 8 for KIP-848.
    const VERSIONS: (i16, i16) = (1, 8);
    const FLEXIBLE_FROM: i16 = 6;
}

message! {
    /// How far one partition was read.
    OffsetFetchResponsePartition {
        /// The partition's index.
        partition_index: i32, 0..;
        /// The offset to go on from, −1 if none was committed.
        committed_offset: i64, 0..;
        /// The epoch of the last record that was read, −1 if unknown.
        committed_leader_epoch: i32 = -1, 5..;
        /// What the client wanted to keep with it.
        metadata: Option<String>, 0..;
        /// Why the offset cannot be told.
        error_code: ErrorCode, 0..;
    }
}

message! {
    /// How far one topic was read.
    OffsetFetchResponseTopic {
        /// The topic's name.
        name: String, 0..;
        /// The partitions.
        partitions: Vec<OffsetFetchResponsePartition>, 0..;
    }
}

message! {
    /// How far one of several groups has read.
    OffsetFetchResponseGroup {
        /// The group's id.
        group_id: String, 8..;
        /// The topics.
        topics: Vec<OffsetFetchResponseTopic>, 8..;
        /// What is wrong with the group.
        error_code: ErrorCode, 8..;
    }
}

message! {
    /// The offsets that were committed.
    OffsetFetchResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 3..;
        /// The topics.
        topics: Vec<OffsetFetchResponseTopic>, 0..=7;
        /// What is wrong with the group; before version 2 every partition says it.
        error_code: ErrorCode, 2..=7;
        /// The groups.
        groups: Vec<OffsetFetchResponseGroup>, 8..;
    }
}

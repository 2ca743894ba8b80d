//! `OffsetFetch`: returns a group's committed offsets, or those of several groups from version 8
//! on.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    OffsetFetchRequestTopic {
        name: String, 0..;
        partition_indexes: Vec<i32>, 0..;
    }
}

message! {
    OffsetFetchRequestGroup {
        group_id: String, 8..;
        /// `None` means all topics with committed offsets.
        topics: Option<Vec<OffsetFetchRequestTopic>>, 8..;
    }
}

message! {
    OffsetFetchRequest {
        group_id: String, 0..=7;
        /// `None`, from version 2 on, means all topics with committed offsets.
        topics: Option<Vec<OffsetFetchRequestTopic>>, 0..=7;
        groups: Vec<OffsetFetchRequestGroup>, 8..;
        /// Whether to refuse offsets that an open transaction may still change (KIP-447).
        require_stable: bool, 7..;
    }
}

impl Request for OffsetFetchRequest {
    type Response = OffsetFetchResponse;
    const KEY: ApiKey = ApiKey::OffsetFetch;
    // Version 0 read from ZooKeeper; version 9 equals 8 and is for KIP-848.
    const VERSIONS: (i16, i16) = (1, 8);
    const FLEXIBLE_FROM: i16 = 6;
}

message! {
    OffsetFetchResponsePartition {
        partition_index: i32, 0..;
        /// The next offset to read, −1 if none was committed.
        committed_offset: i64, 0..;
        /// The leader epoch of the last record read, −1 if unknown.
        committed_leader_epoch: i32 = -1, 5..;
        /// The client's opaque data from the commit.
        metadata: Option<String>, 0..;
        error_code: ErrorCode, 0..;
    }
}

message! {
    OffsetFetchResponseTopic {
        name: String, 0..;
        partitions: Vec<OffsetFetchResponsePartition>, 0..;
    }
}

message! {
    OffsetFetchResponseGroup {
        group_id: String, 8..;
        topics: Vec<OffsetFetchResponseTopic>, 8..;
        /// An error of the whole group.
        error_code: ErrorCode, 8..;
    }
}

message! {
    OffsetFetchResponse {
        throttle_time_ms: i32, 3..;
        topics: Vec<OffsetFetchResponseTopic>, 0..=7;
        /// An error of the whole group; before version 2 every partition reports it.
        error_code: ErrorCode, 2..=7;
        groups: Vec<OffsetFetchResponseGroup>, 8..;
    }
}

//! `DeleteRecords`: lets partitions begin at a later offset.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Where one partition is to begin.
    DeleteRecordsPartition {
        /// The partition's index.
        partition_index: i32, 0..;
        /// The first offset to keep; −1 is the high watermark.
        offset: i64, 0..;
    }
}

message! {
    /// One topic's partitions.
    DeleteRecordsTopic {
        /// The topic's name.
        name: String, 0..;
        /// The partitions.
        partitions: Vec<DeleteRecordsPartition>, 0..;
    }
}

message! {
    /// Records to delete.
    DeleteRecordsRequest {
        /// The topics.
        topics: Vec<DeleteRecordsTopic>, 0..;
        /// How long to wait until every replica has done it.
        timeout_ms: i32, 0..;
    }
}

impl Request for DeleteRecordsRequest {
    type Response = DeleteRecordsResponse;
    const KEY: ApiKey = ApiKey::DeleteRecords;
    const VERSIONS: (i16, i16) = (0, 2);
    const FLEXIBLE_FROM: i16 = 2;
}

message! {
    /// Where one partition begins.
    DeleteRecordsPartitionResult {
        /// The partition's index.
        partition_index: i32, 0..;
        /// The first offset that any replica still has, −1 after an error.
        low_watermark: i64, 0..;
        /// Why nothing was deleted.
        error_code: ErrorCode, 0..;
    }
}

message! {
    /// Where one topic's partitions begin.
    DeleteRecordsTopicResult {
        /// The topic's name.
        name: String, 0..;
        /// The partitions.
        partitions: Vec<DeleteRecordsPartitionResult>, 0..;
    }
}

message! {
    /// Where partitions begin.
    DeleteRecordsResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 0..;
        /// The topics.
        topics: Vec<DeleteRecordsTopicResult>, 0..;
    }
}

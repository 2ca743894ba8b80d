//! `DeleteRecords`: moves the start of partitions to a later offset.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    DeleteRecordsPartition {
        partition_index: i32, 0..;
        /// The first offset to keep; −1 means the high watermark.
        offset: i64, 0..;
    }
}

message! {
    DeleteRecordsTopic {
        name: String, 0..;
        partitions: Vec<DeleteRecordsPartition>, 0..;
    }
}

message! {
    DeleteRecordsRequest {
        topics: Vec<DeleteRecordsTopic>, 0..;
        /// How long the broker may wait until every replica has deleted the records.
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
    DeleteRecordsPartitionResult {
        partition_index: i32, 0..;
        /// The lowest first offset of all replicas, −1 after an error.
        low_watermark: i64, 0..;
        error_code: ErrorCode, 0..;
    }
}

message! {
    DeleteRecordsTopicResult {
        name: String, 0..;
        partitions: Vec<DeleteRecordsPartitionResult>, 0..;
    }
}

message! {
    DeleteRecordsResponse {
        throttle_time_ms: i32, 0..;
        topics: Vec<DeleteRecordsTopicResult>, 0..;
    }
}

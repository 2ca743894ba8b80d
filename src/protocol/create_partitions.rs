//! `CreatePartitions`: adds partitions to topics.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// The replicas of one new partition.
    CreatePartitionsAssignment {
        /// The first broker is the preferred leader.
        broker_ids: Vec<i32>, 0..;
    }
}

message! {
    CreatePartitionsTopic {
        name: String, 0..;
        /// The new partition count, including existing partitions.
        count: i32, 0..;
        /// One for each new partition; `None` lets the cluster choose.
        assignments: Option<Vec<CreatePartitionsAssignment>>, 0..;
    }
}

message! {
    CreatePartitionsRequest {
        topics: Vec<CreatePartitionsTopic>, 0..;
        /// How long the broker may wait until the partitions exist.
        timeout_ms: i32, 0..;
        validate_only: bool, 0..;
    }
}

impl Request for CreatePartitionsRequest {
    type Response = CreatePartitionsResponse;
    const KEY: ApiKey = ApiKey::CreatePartitions;
    const VERSIONS: (i16, i16) = (0, 3);
    const FLEXIBLE_FROM: i16 = 2;
}

message! {
    CreatePartitionsTopicResult {
        name: String, 0..;
        error_code: ErrorCode, 0..;
        error_message: Option<String>, 0..;
    }
}

message! {
    CreatePartitionsResponse {
        throttle_time_ms: i32, 0..;
        results: Vec<CreatePartitionsTopicResult>, 0..;
    }
}

//! `CreatePartitions`: gives topics more partitions.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Where one new partition's replicas are to be.
    CreatePartitionsAssignment {
        /// The brokers' ids, the preferred leader's first.
        broker_ids: Vec<i32>, 0..;
    }
}

message! {
    /// A topic that is to grow.
    CreatePartitionsTopic {
        /// The topic's name.
        name: String, 0..;
        /// How many partitions it is to have, the old ones among them.
        count: i32, 0..;
        /// One for each new partition; `None` leaves it to the cluster.
        assignments: Option<Vec<CreatePartitionsAssignment>>, 0..;
    }
}

message! {
    /// Topics that are to grow.
    CreatePartitionsRequest {
        /// The topics.
        topics: Vec<CreatePartitionsTopic>, 0..;
        /// How long to wait until the partitions are there.
        timeout_ms: i32, 0..;
        /// Whether only to say if they could be made.
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
    /// What became of one topic.
    CreatePartitionsTopicResult {
        /// The topic's name.
        name: String, 0..;
        /// Why it did not grow.
        error_code: ErrorCode, 0..;
        /// The same in words.
        error_message: Option<String>, 0..;
    }
}

message! {
    /// Which topics have grown.
    CreatePartitionsResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 0..;
        /// One for each topic that was asked for.
        results: Vec<CreatePartitionsTopicResult>, 0..;
    }
}

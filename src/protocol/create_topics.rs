//! `CreateTopics`: creates topics, or only validates the request.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// The replicas of one partition.
    CreatableReplicaAssignment {
        partition_index: i32, 0..;
        /// The first broker is the preferred leader.
        broker_ids: Vec<i32>, 0..;
    }
}

message! {
    CreatableTopicConfig {
        name: String, 0..;
        value: Option<String>, 0..;
    }
}

message! {
    CreatableTopic {
        name: String, 0..;
        /// −1 if `assignments` is set or, from version 4 on, for the broker's default.
        num_partitions: i32, 0..;
        /// −1 as for `num_partitions`.
        replication_factor: i16, 0..;
        /// Empty lets the cluster choose.
        assignments: Vec<CreatableReplicaAssignment>, 0..;
        configs: Vec<CreatableTopicConfig>, 0..;
    }
}

message! {
    CreateTopicsRequest {
        topics: Vec<CreatableTopic>, 0..;
        /// How long the broker may wait until the topics exist.
        timeout_ms: i32 = 60_000, 0..;
        validate_only: bool, 1..;
    }
}

impl Request for CreateTopicsRequest {
    type Response = CreateTopicsResponse;
    const KEY: ApiKey = ApiKey::CreateTopics;
    // Current brokers no longer support versions 0 and 1.
    const VERSIONS: (i16, i16) = (2, 7);
    const FLEXIBLE_FROM: i16 = 5;
}

message! {
    CreatableTopicConfigs {
        name: String, 5..;
        value: Option<String>, 5..;
        read_only: bool, 5..;
        /// The source of the value, numbered as in `DescribeConfigs`.
        config_source: i8 = -1, 5..;
        /// A sensitive value is returned as null.
        is_sensitive: bool, 5..;
    }
}

message! {
    CreatableTopicResult {
        name: String, 0..;
        topic_id: u128, 7..;
        error_code: ErrorCode, 0..;
        error_message: Option<String>, 1..;
        /// −1 if the client may not describe the topic's configs.
        num_partitions: i32 = -1, 5..;
        /// −1 as for `num_partitions`.
        replication_factor: i16 = -1, 5..;
        /// Null if the client may not describe them.
        configs: Option<Vec<CreatableTopicConfigs>>, 5..;
    } tagged {
        /// Why the client may not describe the configs.
        0 topic_config_error_code: ErrorCode, 5..;
    }
}

message! {
    CreateTopicsResponse {
        throttle_time_ms: i32, 2..;
        topics: Vec<CreatableTopicResult>, 0..;
    }
}

//! `CreateTopics`: makes topics, or says whether it could.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Where one partition's replicas are to be.
    CreatableReplicaAssignment {
        /// The partition's index.
        partition_index: i32, 0..;
        /// The brokers' ids, the preferred leader's first.
        broker_ids: Vec<i32>, 0..;
    }
}

message! {
    /// A setting that is not to be the broker's default.
    CreatableTopicConfig {
        /// The setting's name.
        name: String, 0..;
        /// Its value.
        value: Option<String>, 0..;
    }
}

message! {
    /// A topic to make.
    CreatableTopic {
        /// The topic's name.
        name: String, 0..;
        /// How many partitions; −1 if `assignments` says it or, from version 4 on, the broker.
        num_partitions: i32, 0..;
        /// How many replicas of each; −1 likewise.
        replication_factor: i16, 0..;
        /// Where partitions are to be; empty leaves it to the cluster.
        assignments: Vec<CreatableReplicaAssignment>, 0..;
        /// The topic's settings.
        configs: Vec<CreatableTopicConfig>, 0..;
    }
}

message! {
    /// Topics to make.
    CreateTopicsRequest {
        /// The topics.
        topics: Vec<CreatableTopic>, 0..;
        /// How long to wait until they are there.
        timeout_ms: i32 = 60_000, 0..;
        /// Whether only to say if they could be made.
        validate_only: bool, 1..;
    }
}

impl Request for CreateTopicsRequest {
    type Response = CreateTopicsResponse;
    const KEY: ApiKey = ApiKey::CreateTopics;
    // Brokers have forgotten versions 0 and 1.
    const VERSIONS: (i16, i16) = (2, 7);
    const FLEXIBLE_FROM: i16 = 5;
}

message! {
    /// A setting that the topic has.
    CreatableTopicConfigs {
        /// The setting's name.
        name: String, 5..;
        /// Its value.
        value: Option<String>, 5..;
        /// Whether it cannot be changed.
        read_only: bool, 5..;
        /// Where it comes from, by the same numbers as in `DescribeConfigs`.
        config_source: i8 = -1, 5..;
        /// Whether its value is secret and therefore null.
        is_sensitive: bool, 5..;
    }
}

message! {
    /// What became of one topic.
    CreatableTopicResult {
        /// The topic's name.
        name: String, 0..;
        /// The id it got.
        topic_id: u128, 7..;
        /// Why it was not made.
        error_code: ErrorCode, 0..;
        /// The same in words.
        error_message: Option<String>, 1..;
        /// How many partitions it has, −1 if the client may not know.
        num_partitions: i32 = -1, 5..;
        /// How many replicas of each, −1 likewise.
        replication_factor: i16 = -1, 5..;
        /// Its settings, null likewise.
        configs: Option<Vec<CreatableTopicConfigs>>, 5..;
    } tagged {
        /// Why the client may not know them.
        0 topic_config_error_code: ErrorCode, 5..;
    }
}

message! {
    /// Which topics were made.
    CreateTopicsResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 2..;
        /// One for each topic that was asked for.
        topics: Vec<CreatableTopicResult>, 0..;
    }
}

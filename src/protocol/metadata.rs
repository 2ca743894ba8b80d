//! `Metadata`: the brokers, topics and partition leaders of the cluster.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

/// Maximum length of a topic name, in bytes.
pub const LONGEST_TOPIC: usize = 249;

message! {
    MetadataRequestTopic {
        /// Zero if the topic is requested by name.
        topic_id: u128, 10..;
        name: Option<String>, 0..;
    }
}

message! {
    MetadataRequest {
        /// `None` means all topics, and an empty list none. Version 0 has no null: there an empty
        /// list means all topics.
        topics: Option<Vec<MetadataRequestTopic>>, 0..;
        /// Whether the broker may create topics that do not exist.
        allow_auto_topic_creation: bool = true, 4..;
        include_cluster_authorized_operations: bool, 8..=10;
        include_topic_authorized_operations: bool, 8..;
    }
}

impl Request for MetadataRequest {
    type Response = MetadataResponse;
    const KEY: ApiKey = ApiKey::Metadata;
    // Version 4 (Kafka 0.11) adds `allow_auto_topic_creation`.
    const VERSIONS: (i16, i16) = (4, 12);
    const SERVED: (i16, i16) = (0, 12);
    const FLEXIBLE_FROM: i16 = 9;
}

message! {
    /// A broker and its advertised address.
    MetadataBroker {
        node_id: i32, 0..;
        host: String, 0..;
        port: i32, 0..;
        rack: Option<String>, 1..;
    }
}

message! {
    MetadataPartition {
        error_code: ErrorCode, 0..;
        partition_index: i32, 0..;
        /// −1 without a leader.
        leader_id: i32 = -1, 0..;
        /// Incremented by every election; −1 if the broker does not report it.
        leader_epoch: i32 = -1, 7..;
        replica_nodes: Vec<i32>, 0..;
        /// The in-sync replicas.
        isr_nodes: Vec<i32>, 0..;
        offline_replicas: Vec<i32>, 5..;
    }
}

message! {
    MetadataTopic {
        error_code: ErrorCode, 0..;
        /// `None` if the request had an unknown id.
        name: Option<String>, 0..;
        /// Zero if the broker has no topic ids.
        topic_id: u128, 10..;
        /// Whether the topic is internal to Kafka.
        is_internal: bool, 1..;
        /// In no particular order.
        partitions: Vec<MetadataPartition>, 0..;
        /// The permitted operations as a bit field.
        topic_authorized_operations: i32 = i32::MIN, 8..;
    }
}

message! {
    MetadataResponse {
        throttle_time_ms: i32, 3..;
        /// All live brokers.
        brokers: Vec<MetadataBroker>, 0..;
        cluster_id: Option<String>, 2..;
        /// −1 without a controller.
        controller_id: i32 = -1, 1..;
        topics: Vec<MetadataTopic>, 0..;
        /// The permitted operations as a bit field.
        cluster_authorized_operations: i32 = i32::MIN, 8..=10;
    }
}

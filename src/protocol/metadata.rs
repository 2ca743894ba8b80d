//! `Metadata`: which brokers there are, and who leads which partition.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

/// Bytes of the longest name that Kafka gives a topic.
pub const LONGEST_TOPIC: usize = 249;

message! {
    /// A topic to describe.
    MetadataRequestTopic {
        /// The topic's id; zero when it is asked for by name.
        topic_id: u128, 10..;
        /// The topic's name.
        name: Option<String>, 0..;
    }
}

message! {
    /// Asks about topics.
    MetadataRequest {
        /// The topics: `None` means all of them, an empty list none; but in version 0, which has
        /// no null, all of them.
        topics: Option<Vec<MetadataRequestTopic>>, 0..;
        /// Whether the broker may create what it does not have.
        allow_auto_topic_creation: bool = true, 4..;
        /// Whether to list what the client may do with the cluster.
        include_cluster_authorized_operations: bool, 8..=10;
        /// Whether to list what the client may do with each topic.
        include_topic_authorized_operations: bool, 8..;
    }
}

impl Request for MetadataRequest {
    type Response = MetadataResponse;
    const KEY: ApiKey = ApiKey::Metadata;
    // Version 4 is the first that says whether a topic may be created (Kafka 0.11).
    const VERSIONS: (i16, i16) = (4, 12);
    const SERVED: (i16, i16) = (0, 12);
    const FLEXIBLE_FROM: i16 = 9;
}

message! {
    /// A broker and the address it gives to clients.
    MetadataBroker {
        /// The broker's id.
        node_id: i32, 0..;
        /// Its host.
        host: String, 0..;
        /// Its port.
        port: i32, 0..;
        /// Its rack.
        rack: Option<String>, 1..;
    }
}

message! {
    /// A partition and its leader.
    MetadataPartition {
        /// Why the partition cannot be used.
        error_code: ErrorCode, 0..;
        /// Its index in the topic.
        partition_index: i32, 0..;
        /// The leader's node id, −1 without one.
        leader_id: i32 = -1, 0..;
        /// Grows with every election; −1 where the broker does not say.
        leader_epoch: i32 = -1, 7..;
        /// All replicas.
        replica_nodes: Vec<i32>, 0..;
        /// Those that have caught up.
        isr_nodes: Vec<i32>, 0..;
        /// Those that are down.
        offline_replicas: Vec<i32>, 5..;
    }
}

message! {
    /// A topic and its partitions.
    MetadataTopic {
        /// Why the topic cannot be used.
        error_code: ErrorCode, 0..;
        /// Its name; none when it was asked for by an unknown id.
        name: Option<String>, 0..;
        /// Its id; zero where the broker has none.
        topic_id: u128, 10..;
        /// Whether it is one of Kafka's own.
        is_internal: bool, 1..;
        /// Its partitions, in no particular order.
        partitions: Vec<MetadataPartition>, 0..;
        /// What the client may do with it, as a bit field.
        topic_authorized_operations: i32 = i32::MIN, 8..;
    }
}

message! {
    /// What a broker knows about its cluster.
    MetadataResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 3..;
        /// All brokers that are alive.
        brokers: Vec<MetadataBroker>, 0..;
        /// The cluster's id.
        cluster_id: Option<String>, 2..;
        /// The broker that leads the cluster, −1 without one.
        controller_id: i32 = -1, 1..;
        /// The topics.
        topics: Vec<MetadataTopic>, 0..;
        /// What the client may do with the cluster, as a bit field.
        cluster_authorized_operations: i32 = i32::MIN, 8..=10;
    }
}

//! `Metadata` against the oracle: all topics, none, unknown ones, partitions without a leader.

use dekaf::protocol::{
    MetadataBroker, MetadataPartition, MetadataRequest, MetadataRequestTopic, MetadataResponse,
    MetadataTopic,
};
use kafka_protocol::messages::{self, metadata_request, metadata_response};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    MetadataRequestTopic = metadata_request::MetadataRequestTopic {
        topic_id in 10..;
        name, null in 10..;
    }
}

oracle_types! {
    MetadataRequest = messages::MetadataRequest {
        topics, null in 1..;
        allow_auto_topic_creation in 4..;
        include_cluster_authorized_operations in 8..=10;
        include_topic_authorized_operations in 8..;
    }
}

oracle_types! {
    MetadataBroker = metadata_response::MetadataResponseBroker {
        node_id;
        host;
        port;
        rack in 1..;
    }
}

oracle_types! {
    MetadataPartition = metadata_response::MetadataResponsePartition {
        error_code;
        partition_index;
        leader_id;
        leader_epoch in 7..;
        replica_nodes;
        isr_nodes;
        offline_replicas in 5..;
    }
}

oracle_types! {
    MetadataTopic = metadata_response::MetadataResponseTopic {
        error_code;
        name, null in 12..;
        topic_id in 10..;
        is_internal in 1..;
        partitions;
        topic_authorized_operations in 8..;
    }
}

oracle_types! {
    MetadataResponse = messages::MetadataResponse {
        throttle_time_ms in 3..;
        brokers;
        cluster_id in 2..;
        controller_id in 1..;
        topics;
        cluster_authorized_operations in 8..=10;
    }
}

agree!(MetadataRequest, MetadataResponse);

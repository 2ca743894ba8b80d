//! `Metadata` against the oracle: all topics, none, unknown ones, partitions without a leader.

use dekaf::protocol::{
    MetadataBroker, MetadataPartition, MetadataRequest, MetadataRequestTopic, MetadataResponse,
    MetadataTopic,
};
use kafka_protocol::messages::{self, metadata_request, metadata_response};
use proptest::collection::vec;
use proptest::prelude::*;

use super::oracle::{Twin, requests_agree, responses_agree, theirs, uuid};
use super::values::{Unknown, error_code, nullable_text, since, text};

/// A name that may be null only where a topic can be named by its id instead.
fn name(version: i16, nullable_from: i16) -> BoxedStrategy<Option<String>> {
    if version >= nullable_from { nullable_text().boxed() } else { text().prop_map(Some).boxed() }
}

pub(crate) fn requests(version: i16) -> impl Strategy<Value = MetadataRequest> {
    let topic = (since(version, 10, 0, any::<u128>()), name(version, 10))
        .prop_map(|(topic_id, name)| MetadataRequestTopic { topic_id, name });
    let cluster_operations =
        if version <= 10 { since(version, 8, false, any::<bool>()) } else { Just(false).boxed() };
    (
        prop::option::of(vec(topic, 0..4)),
        since(version, 4, true, any::<bool>()),
        cluster_operations,
        since(version, 8, false, any::<bool>()),
    )
        .prop_map(|(topics, may_create, cluster_operations, topic_operations)| {
            MetadataRequest {
                topics,
                allow_auto_topic_creation: may_create,
                include_cluster_authorized_operations: cluster_operations,
                include_topic_authorized_operations: topic_operations,
            }
        })
}

fn brokers() -> impl Strategy<Value = MetadataBroker> {
    (any::<i32>(), text(), any::<i32>(), nullable_text())
        .prop_map(|(node_id, host, port, rack)| MetadataBroker { node_id, host, port, rack })
}

fn partitions(version: i16) -> impl Strategy<Value = MetadataPartition> {
    let nodes = || vec(any::<i32>(), 0..4);
    (
        error_code(),
        any::<i32>(),
        any::<i32>(),
        since(version, 7, -1, any::<i32>()),
        nodes(),
        nodes(),
        since(version, 5, vec![], nodes()),
    )
        .prop_map(|(error_code, index, leader_id, leader_epoch, replicas, isr, offline)| {
            MetadataPartition {
                error_code,
                partition_index: index,
                leader_id,
                leader_epoch,
                replica_nodes: replicas,
                isr_nodes: isr,
                offline_replicas: offline,
            }
        })
}

fn topics(version: i16) -> impl Strategy<Value = MetadataTopic> {
    (
        error_code(),
        name(version, 12),
        since(version, 10, 0, any::<u128>()),
        any::<bool>(),
        vec(partitions(version), 0..3),
        since(version, 8, i32::MIN, any::<i32>()),
    )
        .prop_map(|(error_code, name, topic_id, is_internal, partitions, operations)| {
            MetadataTopic {
                error_code,
                name,
                topic_id,
                is_internal,
                partitions,
                topic_authorized_operations: operations,
            }
        })
}

pub(crate) fn responses(version: i16) -> impl Strategy<Value = MetadataResponse> {
    let cluster_operations = if version <= 10 {
        since(version, 8, i32::MIN, any::<i32>())
    } else {
        Just(i32::MIN).boxed()
    };
    (
        any::<i32>(),
        vec(brokers(), 0..3),
        nullable_text(),
        any::<i32>(),
        vec(topics(version), 0..3),
        cluster_operations,
    )
        .prop_map(
            |(throttle_time_ms, brokers, cluster_id, controller_id, topics, operations)| {
                MetadataResponse {
                    throttle_time_ms,
                    brokers,
                    cluster_id,
                    controller_id,
                    topics,
                    cluster_authorized_operations: operations,
                }
            },
        )
}

impl Twin for MetadataRequest {
    type Theirs = messages::MetadataRequest;

    fn twin(&self, unknown: &Unknown) -> Self::Theirs {
        let topic = |topic: &MetadataRequestTopic| {
            metadata_request::MetadataRequestTopic::default()
                .with_topic_id(uuid(topic.topic_id))
                .with_name(topic.name.as_deref().map(|name| theirs(name).into()))
                .with_unknown_tagged_fields(unknown.clone())
        };
        Self::Theirs::default()
            .with_topics(self.topics.as_ref().map(|topics| topics.iter().map(topic).collect()))
            .with_allow_auto_topic_creation(self.allow_auto_topic_creation)
            .with_include_cluster_authorized_operations(self.include_cluster_authorized_operations)
            .with_include_topic_authorized_operations(self.include_topic_authorized_operations)
            .with_unknown_tagged_fields(unknown.clone())
    }
}

impl Twin for MetadataResponse {
    type Theirs = messages::MetadataResponse;

    fn twin(&self, unknown: &Unknown) -> Self::Theirs {
        let broker = |broker: &MetadataBroker| {
            metadata_response::MetadataResponseBroker::default()
                .with_node_id(broker.node_id.into())
                .with_host(theirs(&broker.host))
                .with_port(broker.port)
                .with_rack(broker.rack.as_deref().map(theirs))
                .with_unknown_tagged_fields(unknown.clone())
        };
        let nodes = |nodes: &[i32]| nodes.iter().map(|node| (*node).into()).collect();
        let partition = |partition: &MetadataPartition| {
            metadata_response::MetadataResponsePartition::default()
                .with_error_code(partition.error_code.0)
                .with_partition_index(partition.partition_index)
                .with_leader_id(partition.leader_id.into())
                .with_leader_epoch(partition.leader_epoch)
                .with_replica_nodes(nodes(&partition.replica_nodes))
                .with_isr_nodes(nodes(&partition.isr_nodes))
                .with_offline_replicas(nodes(&partition.offline_replicas))
                .with_unknown_tagged_fields(unknown.clone())
        };
        let topic = |topic: &MetadataTopic| {
            metadata_response::MetadataResponseTopic::default()
                .with_error_code(topic.error_code.0)
                .with_name(topic.name.as_deref().map(|name| theirs(name).into()))
                .with_topic_id(uuid(topic.topic_id))
                .with_is_internal(topic.is_internal)
                .with_partitions(topic.partitions.iter().map(partition).collect())
                .with_topic_authorized_operations(topic.topic_authorized_operations)
                .with_unknown_tagged_fields(unknown.clone())
        };
        Self::Theirs::default()
            .with_throttle_time_ms(self.throttle_time_ms)
            .with_brokers(self.brokers.iter().map(broker).collect())
            .with_cluster_id(self.cluster_id.as_deref().map(theirs))
            .with_controller_id(self.controller_id.into())
            .with_topics(self.topics.iter().map(topic).collect())
            .with_cluster_authorized_operations(self.cluster_authorized_operations)
            .with_unknown_tagged_fields(unknown.clone())
    }
}

#[test]
fn requests_agree_with_the_oracle() {
    requests_agree(requests);
}

#[test]
fn responses_agree_with_the_oracle() {
    responses_agree::<MetadataRequest, _>(responses);
}

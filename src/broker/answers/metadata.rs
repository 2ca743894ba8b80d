//! `Metadata`: describes brokers, topics and leaders, and may create missing topics.

use super::Broker;
use crate::broker::cluster::{Topic, check_name};
use crate::error::ErrorCode;
use crate::protocol::{
    ApiKey, MetadataBroker, MetadataPartition, MetadataRequest, MetadataRequestTopic,
    MetadataResponse, MetadataTopic,
};

impl Broker<'_> {
    pub(in crate::broker) fn metadata(
        &mut self,
        version: i16,
        request: &MetadataRequest,
        error: Option<ErrorCode>,
    ) -> MetadataResponse {
        let asked = request.topics.as_deref();
        // Version 0 has no null: an empty list means all topics.
        let topics = match asked.filter(|asked| version > 0 || !asked.is_empty()) {
            // As in Kafka, a list of all topics omits denied topics.
            None => self
                .cluster
                .topics()
                .filter(|(name, _)| self.denied.denied_error(ApiKey::Metadata, name).is_none())
                .map(|(name, topic)| describe(name, topic))
                .collect(),
            Some(asked) => asked
                .iter()
                .map(|asked| match error {
                    None => self.describe_asked(asked, request.allow_auto_topic_creation),
                    Some(code) => failed(asked, code),
                })
                .collect(),
        };
        let brokers = self.cluster.nodes().map(|node_id| {
            let (host, port) = self.address(node_id);
            MetadataBroker { node_id, host, port, rack: None }
        });
        MetadataResponse {
            brokers: brokers.collect(),
            cluster_id: Some(self.cluster_id.to_owned()),
            controller_id: 1,
            topics,
            ..MetadataResponse::default()
        }
    }

    fn describe_asked(&mut self, asked: &MetadataRequestTopic, may_create: bool) -> MetadataTopic {
        let Some(name) = &asked.name else {
            let found = self.cluster.topic_by_id(asked.topic_id);
            // A denied id is answered as unknown, so that it does not reveal the topic's name.
            let is_allowed =
                |name: &str| self.denied.denied_error(ApiKey::Metadata, name).is_none();
            return match found.filter(|(name, _)| is_allowed(name)) {
                Some((name, topic)) => describe(name, topic),
                None => failed(asked, ErrorCode::UNKNOWN_TOPIC_ID),
            };
        };
        if let Some(code) = self.denied.denied_error(ApiKey::Metadata, name) {
            return failed(asked, code);
        }
        if may_create && let Err(refusal) = self.cluster.auto_create(name) {
            return failed(asked, refusal.code);
        }
        match (self.cluster.topic(name), check_name(name)) {
            (Some(topic), _) => describe(name, topic),
            (None, Ok(())) => failed(asked, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            (None, Err(refusal)) => failed(asked, refusal.code),
        }
    }
}

fn failed(asked: &MetadataRequestTopic, error_code: ErrorCode) -> MetadataTopic {
    MetadataTopic {
        error_code,
        name: asked.name.clone(),
        topic_id: asked.topic_id,
        ..MetadataTopic::default()
    }
}

fn describe(name: &str, topic: &Topic) -> MetadataTopic {
    let partitions =
        (0..).zip(&topic.partitions).map(|(partition_index, partition)| MetadataPartition {
            partition_index,
            leader_id: partition.leader,
            leader_epoch: partition.leader_epoch,
            replica_nodes: partition.replicas.clone(),
            isr_nodes: partition.replicas.clone(),
            ..MetadataPartition::default()
        });
    MetadataTopic {
        name: Some(name.to_owned()),
        topic_id: topic.id,
        partitions: partitions.collect(),
        ..MetadataTopic::default()
    }
}

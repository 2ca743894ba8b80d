//! Answers from a broker's own metadata image: metadata and producer ids.

use std::rc::Rc;
use std::time::Duration;

use dekaf::error::ErrorCode;
use dekaf::protocol::{
    InitProducerIdRequest, InitProducerIdResponse, MetadataBroker, MetadataPartition,
    MetadataRequest, MetadataRequestTopic, MetadataResponse, MetadataTopic,
};

use super::image::{Image, PartitionImage, TopicImage};
use super::{Cluster, NodeId, TopicSettings};

const INVALID_REQUEST: ErrorCode = ErrorCode(42);
const UNKNOWN_TOPIC_ID: ErrorCode = ErrorCode(100);

/// `COORDINATOR_LOAD_IN_PROGRESS`, `COORDINATOR_NOT_AVAILABLE`, `NOT_COORDINATOR`.
const NO_COORDINATOR: [ErrorCode; 3] = [ErrorCode(14), ErrorCode(15), ErrorCode(16)];

/// `UNKNOWN_SERVER_ERROR`, `CLUSTER_AUTHORIZATION_FAILED`.
const NO_PRODUCER_ID: [ErrorCode; 2] = [ErrorCode(-1), ErrorCode(31)];

pub(super) fn address(node: NodeId) -> (String, i32) {
    (format!("broker-{node}"), 9092 + node)
}

impl Cluster {
    pub(super) fn serve_metadata(
        &mut self,
        node: NodeId,
        request: &MetadataRequest,
    ) -> MetadataResponse {
        let view = Rc::clone(&self.node(node).view);
        let topics = match &request.topics {
            None => view
                .topics
                .iter()
                .filter(|(name, _)| !self.is_hidden(name))
                .map(|(name, topic)| self.describe(&view, name, topic))
                .collect(),
            Some(topics) => topics
                .iter()
                .map(|asked| self.describe_asked(&view, asked, request.allow_auto_topic_creation))
                .collect(),
        };
        let brokers = view.alive.iter().map(|node_id| {
            let (host, port) = address(*node_id);
            MetadataBroker { node_id: *node_id, host, port, rack: None }
        });
        MetadataResponse {
            throttle_time_ms: self.throttle(),
            brokers: brokers.collect(),
            cluster_id: Some("simulated".to_owned()),
            controller_id: view.alive.first().copied().unwrap_or(-1),
            topics,
            ..MetadataResponse::default()
        }
    }

    fn describe_asked(
        &mut self,
        view: &Image,
        asked: &MetadataRequestTopic,
        may_create: bool,
    ) -> MetadataTopic {
        let (found, unknown) = match &asked.name {
            Some(name) => (view.topics.get_key_value(name), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            None => (view.topic_by_id(asked.topic_id), UNKNOWN_TOPIC_ID),
        };
        if let Some((name, topic)) = found.filter(|(name, _)| !self.is_hidden(name)) {
            return self.describe(view, name, topic);
        }
        if let (Some(name), Some(partitions), true) =
            (&asked.name, self.settings.auto_create, may_create)
            && !self.image.topics.contains_key(name)
        {
            let settings = TopicSettings { partitions, ..TopicSettings::default() };
            self.create(name, settings);
        }
        MetadataTopic {
            error_code: unknown,
            name: asked.name.clone(),
            topic_id: asked.topic_id,
            ..MetadataTopic::default()
        }
    }

    /// Every producer id is unique in the cluster.
    pub(super) fn serve_init_producer_id(
        &mut self,
        request: &InitProducerIdRequest,
    ) -> InitProducerIdResponse {
        let throttle_time_ms = self.throttle();
        let failure = if request.transactional_id.is_some() {
            // Transactions are not simulated yet.
            Some(INVALID_REQUEST)
        } else if self.happens(self.settings.chances.no_producer_id) {
            let which = self.random.below(NO_COORDINATOR.len() as u64);
            Some(NO_COORDINATOR[which as usize])
        } else if self.happens(self.settings.chances.producer_id_refused) {
            let which = self.random.below(NO_PRODUCER_ID.len() as u64);
            Some(NO_PRODUCER_ID[which as usize])
        } else {
            None
        };
        if let Some(error_code) = failure {
            let producer_epoch = -1;
            return InitProducerIdResponse {
                throttle_time_ms,
                error_code,
                producer_epoch,
                ..InitProducerIdResponse::default()
            };
        }
        self.producer_ids += 1;
        let producer_id = self.producer_ids;
        InitProducerIdResponse {
            throttle_time_ms,
            producer_id,
            producer_epoch: self.settings.first_epoch,
            ..InitProducerIdResponse::default()
        }
    }

    /// Returns a random throttle time, mostly 0.
    pub(super) fn throttle(&mut self) -> i32 {
        let chances = self.settings.chances;
        if self.happens(chances.throttle) {
            chances.throttle_time.sample(&mut self.random).as_millis() as i32
        } else {
            0
        }
    }

    /// Returns the end of the time in which brokers last reported an existing topic as unknown.
    pub(crate) fn hidden_until(&self, name: &str) -> Duration {
        self.hidden.get(name).copied().unwrap_or_default()
    }

    /// Returns whether brokers currently report a topic as unknown.
    pub(super) fn is_hidden(&self, name: &str) -> bool {
        self.hidden.get(name).is_some_and(|until| *until > self.now)
    }

    fn describe(&self, view: &Image, name: &str, topic: &TopicImage) -> MetadataTopic {
        let partition = |(partition_index, partition): (i32, &PartitionImage)| {
            let leader = partition.leader.filter(|leader| view.alive.contains(leader));
            let is_offline = |node: &&NodeId| !view.is_usable(**node);
            MetadataPartition {
                error_code: if leader.is_some() {
                    ErrorCode::NONE
                } else {
                    ErrorCode::LEADER_NOT_AVAILABLE
                },
                partition_index,
                leader_id: leader.unwrap_or(-1),
                leader_epoch: partition.epoch,
                replica_nodes: partition.replicas.clone(),
                isr_nodes: partition.isr.iter().copied().collect(),
                offline_replicas: partition.replicas.iter().filter(is_offline).copied().collect(),
            }
        };
        MetadataTopic {
            name: Some(name.to_owned()),
            topic_id: if self.settings.topic_ids { topic.id } else { 0 },
            partitions: (0..).zip(&topic.partitions).map(partition).collect(),
            ..MetadataTopic::default()
        }
    }
}

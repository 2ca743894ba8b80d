//! `Produce`: appends each batch to its partition's log.

use bytes::Bytes;

use super::{Broker, TRANSACTIONAL_ID_AUTHORIZATION_FAILED, current_leader};
use crate::broker::log::Refusal;
use crate::error::ErrorCode;
use crate::protocol::{
    ApiKey, NodeEndpoint, PartitionProduced, ProduceRequest, ProduceResponse, TopicProduceData,
    TopicProduced,
};

const INVALID_REQUIRED_ACKS: ErrorCode = ErrorCode(21);

impl Broker<'_> {
    /// Appends every valid batch. With an error, appends nothing.
    pub(in crate::broker) fn produce(
        &mut self,
        request: &ProduceRequest,
        error: Option<ErrorCode>,
    ) -> ProduceResponse {
        let error = error.or_else(|| wrong_as_a_whole(request));
        let mut leaders = Vec::new();
        let responses =
            request.topic_data.iter().map(|topic| self.produce_to(topic, error, &mut leaders));
        let responses = responses.collect();
        leaders.sort_unstable();
        leaders.dedup();
        let endpoint = |node_id| {
            let (host, port) = self.address(node_id);
            NodeEndpoint { node_id, host, port, rack: None }
        };
        let node_endpoints: Vec<_> = leaders.into_iter().map(endpoint).collect();
        ProduceResponse {
            responses,
            node_endpoints: Some(node_endpoints).filter(|endpoints| !endpoints.is_empty()),
            ..ProduceResponse::default()
        }
    }

    /// Adds to `leaders` the leaders that its response names.
    fn produce_to(
        &mut self,
        topic: &TopicProduceData,
        error: Option<ErrorCode>,
        leaders: &mut Vec<i32>,
    ) -> TopicProduced {
        // Version 13 and later identify topics by id.
        let (name, unknown) = if topic.name.is_empty() {
            let found = self.cluster.topic_by_id(topic.topic_id);
            (found.map(|(name, _)| name.to_owned()), ErrorCode::UNKNOWN_TOPIC_ID)
        } else {
            (Some(topic.name.clone()), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
        };
        let denied = name.as_ref().and_then(|name| self.denied.denied_error(ApiKey::Produce, name));
        let error = error.or(denied);
        let partition_responses = topic.partition_data.iter().map(|data| {
            let records = data.records.clone().unwrap_or_default();
            let mut produced = match (&name, error) {
                (_, Some(code)) => failed(&Refusal::new(code, "")),
                (None, None) => failed(&Refusal::new(unknown, "")),
                (Some(name), None) => self.append(name, data.index, &records),
            };
            produced.index = data.index;
            if produced.error_code == ErrorCode::NOT_LEADER_OR_FOLLOWER
                && let Some(partition) =
                    name.as_ref().and_then(|name| self.cluster.partition(name, data.index))
            {
                produced.current_leader = Some(current_leader(partition));
                leaders.push(partition.leader);
            }
            produced
        });
        let partition_responses = partition_responses.collect();
        TopicProduced { name: topic.name.clone(), topic_id: topic.topic_id, partition_responses }
    }

    fn append(&mut self, topic: &str, index: i32, records: &Bytes) -> PartitionProduced {
        match self.cluster.append(self.node, topic, index, records, self.now) {
            Ok(appended) => PartitionProduced {
                base_offset: appended.base_offset,
                log_append_time_ms: appended.log_append_time,
                log_start_offset: self
                    .cluster
                    .partition(topic, index)
                    .map_or(-1, |partition| partition.log.start_offset()),
                ..PartitionProduced::default()
            },
            Err(refusal) => failed(&refusal),
        }
    }
}

fn wrong_as_a_whole(request: &ProduceRequest) -> Option<ErrorCode> {
    if !(-1..=1).contains(&request.acks) {
        Some(INVALID_REQUIRED_ACKS)
    } else if request.transactional_id.is_some() {
        Some(TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    } else {
        None
    }
}

fn failed(refusal: &Refusal) -> PartitionProduced {
    PartitionProduced {
        error_code: refusal.code,
        base_offset: -1,
        record_errors: refusal.record_errors.clone(),
        error_message: Some(refusal.message.clone()).filter(|message| !message.is_empty()),
        ..PartitionProduced::default()
    }
}

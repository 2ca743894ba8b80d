//! The broker's handling of produce requests, based on its metadata image: appends, error codes
//! and leader hints.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use dekaf::broker::log::Refusal;
use dekaf::error::ErrorCode;
use dekaf::protocol::{
    LeaderIdAndEpoch, NodeEndpoint, PartitionProduced, ProduceRequest, ProduceResponse,
    TopicProduceData, TopicProduced,
};
use dekaf::record::decode_batch;

use super::image::TopicImage;
use super::purgatory::{Pending, Waiting};
use super::{Answer, Cluster, Due, NodeId, Partition, RequestHandle};

const INVALID_REQUIRED_ACKS: ErrorCode = ErrorCode(21);
const KAFKA_STORAGE_ERROR: ErrorCode = ErrorCode(56);
const UNKNOWN_TOPIC_ID: ErrorCode = ErrorCode(100);

/// Errors that are not retriable and that no batch causes.
const REFUSALS: [ErrorCode; 5] = [
    ErrorCode::UNKNOWN_SERVER_ERROR,
    ErrorCode(29), // TOPIC_AUTHORIZATION_FAILED
    ErrorCode(31), // CLUSTER_AUTHORIZATION_FAILED
    ErrorCode(49), // INVALID_PRODUCER_ID_MAPPING
    ErrorCode(90), // PRODUCER_FENCED
];

/// Offset of the checksum: bits are flipped only from here on.
const CHECKSUM: usize = 17;

impl Cluster {
    pub(super) fn serve_produce(
        &mut self,
        node: NodeId,
        handle: RequestHandle,
        request: &ProduceRequest,
    ) {
        let mut response = ProduceResponse::default();
        let mut waiting = Vec::new();
        for asked in &request.topic_data {
            let topic = self.find_topic(node, asked);
            let mut answered = TopicProduced {
                name: asked.name.clone(),
                topic_id: asked.topic_id,
                ..TopicProduced::default()
            };
            // If a partition is listed twice, only its last batch is stored, and there is one
            // answer.
            let batches: BTreeMap<i32, Option<&Bytes>> = asked
                .partition_data
                .iter()
                .map(|data| (data.index, data.records.as_ref()))
                .collect();
            for (index, records) in batches {
                let outcome = match &topic {
                    Ok(topic) => {
                        let records = records.cloned().unwrap_or_default();
                        self.append(node, topic, (topic.id, index), request.acks, records)
                    }
                    Err(unknown) => Err(Refusal::new(*unknown, "")),
                };
                let mut produced =
                    PartitionProduced { index, base_offset: -1, ..PartitionProduced::default() };
                match outcome {
                    Ok(appended) => {
                        produced = PartitionProduced { index, ..appended.response };
                        if request.acks == -1 {
                            let partition = appended.partition;
                            let place =
                                (response.responses.len(), answered.partition_responses.len());
                            let required = appended.required;
                            waiting.push(Waiting { place, partition, required });
                        }
                    }
                    Err(refusal) => {
                        produced.error_code = refusal.code;
                        produced.error_message =
                            Some(refusal.message).filter(|_| !refusal.record_errors.is_empty());
                        produced.record_errors = refusal.record_errors;
                    }
                }
                answered.partition_responses.push(produced);
            }
            response.responses.push(answered);
        }
        if request.acks == 0 {
            let mut results =
                response.responses.iter().flat_map(|topic| &topic.partition_responses);
            let failed = results.any(|partition| !partition.error_code.is_success());
            self.answer(handle, if failed { Answer::Close } else { Answer::Silence });
            return;
        }
        if waiting.is_empty() {
            self.answer_produce(node, handle, response);
            return;
        }
        let timeout = Duration::from_millis(request.timeout_ms.max(0) as u64);
        let expires = self.now + timeout;
        self.node_mut(node).purgatory.insert(handle, Pending { response, waiting, expires });
        self.plan(expires, Due::Expire { node, handle });
        self.look_again(node, handle);
    }

    /// Immediately answers batches that are already committed: duplicates, or those that need no
    /// replica.
    fn look_again(&mut self, node: NodeId, handle: RequestHandle) {
        let waiting = &self.node(node).purgatory[&handle].waiting;
        let partitions: Vec<_> = waiting.iter().map(|waiting| waiting.partition).collect();
        for partition in partitions {
            self.resolve_committed(node, partition);
        }
    }

    fn find_topic(
        &self,
        node: NodeId,
        asked: &TopicProduceData,
    ) -> Result<Rc<TopicImage>, ErrorCode> {
        let view = &self.node(node).view;
        let by_id = asked.name.is_empty();
        let (found, unknown) = if by_id {
            (view.topic_by_id(asked.topic_id), UNKNOWN_TOPIC_ID)
        } else {
            (view.topics.get_key_value(&asked.name), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
        };
        let found = found.filter(|(name, _)| !self.is_hidden(name));
        found.map(|(_, topic)| Rc::clone(topic)).ok_or(unknown)
    }

    fn append(
        &mut self,
        node: NodeId,
        topic: &TopicImage,
        partition: Partition,
        acks: i16,
        mut records: Bytes,
    ) -> Result<Appended, Refusal> {
        let refuse = |code| Err(Refusal::new(code, ""));
        let known = usize::try_from(partition.1).is_ok_and(|index| index < topic.partitions.len());
        if !known {
            return refuse(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        }
        if !matches!(acks, -1..=1) {
            return refuse(INVALID_REQUIRED_ACKS);
        }
        let chances = self.settings.chances;
        if self.happens(chances.refused) {
            return refuse(REFUSALS[self.random.below(REFUSALS.len() as u64) as usize]);
        }
        if self.node(node).disk_failed || self.happens(chances.storage_error) {
            return refuse(KAFKA_STORAGE_ERROR);
        }
        if self.happens(chances.corrupt) {
            records = self.flip(&records);
        }
        let (clock, log) = (self.clock(), topic.settings.log);
        let Some(replica) = self.replica_mut(node, partition) else {
            return refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        };
        let Some(leadership) = replica.leadership() else {
            return refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        };
        if acks == -1 && leadership.isr.len() < topic.settings.min_isr {
            return refuse(ErrorCode::NOT_ENOUGH_REPLICAS);
        }
        let (epoch, old_end) = (leadership.epoch, replica.log.end_offset());
        *replica.log.config_mut() = log;
        let appended = match replica.log.append(&records, epoch, clock) {
            Ok(appended) => appended,
            Err(refusal) => return Err(self.blamed(&records, refusal)),
        };
        let response = PartitionProduced {
            base_offset: appended.base_offset,
            log_append_time_ms: appended.log_append_time,
            log_start_offset: replica.log.start_offset(),
            ..PartitionProduced::default()
        };
        if !appended.duplicate {
            self.appended(node, partition, old_end);
        }
        Ok(Appended { response, partition, required: appended.last_offset + 1 })
    }

    /// Records the invalid records of a rejection (KIP-467). Each gets a unique message, which
    /// reveals a producer that gives a record another record's message.
    fn blamed(&mut self, records: &Bytes, mut refusal: Refusal) -> Refusal {
        if refusal.record_errors.is_empty() {
            return refusal;
        }
        let batch = decode_batch(records).expect("the log has read it");
        for error in &mut refusal.record_errors {
            let what = error.batch_index_error_message.as_deref().unwrap_or_default();
            let what = format!("{what}, as the batch's record {}", error.batch_index);
            let value = batch.records[error.batch_index as usize].value.clone();
            self.blames.push(Blame { value: value.unwrap_or_default(), what: what.clone() });
            error.batch_index_error_message = Some(what);
        }
        refusal
    }

    fn flip(&mut self, records: &Bytes) -> Bytes {
        let mut flipped = records.to_vec();
        if flipped.len() > CHECKSUM {
            let bit = self.random.below(8 * (flipped.len() - CHECKSUM) as u64) as usize;
            flipped[CHECKSUM + bit / 8] ^= 1 << (bit % 8);
        }
        flipped.into()
    }

    /// Sends a response, with leader hints and a throttle time.
    pub(super) fn answer_produce(
        &mut self,
        node: NodeId,
        handle: RequestHandle,
        mut response: ProduceResponse,
    ) {
        let view = Rc::clone(&self.node(node).view);
        let mut endpoints = BTreeMap::new();
        for topic in &mut response.responses {
            let known = match topic.name.as_str() {
                "" => view.topic_by_id(topic.topic_id).map(|(_, topic)| topic),
                name => view.topics.get(name),
            };
            for produced in &mut topic.partition_responses {
                let partition =
                    known.and_then(|topic| topic.partitions.get(produced.index as usize));
                let Some(partition) = partition else { continue };
                if produced.error_code != ErrorCode::NOT_LEADER_OR_FOLLOWER
                    || !self.happens(self.settings.chances.leader_hint)
                {
                    continue;
                }
                let leader_id = partition.leader.unwrap_or(-1);
                let leader_epoch = partition.epoch;
                produced.current_leader = Some(LeaderIdAndEpoch { leader_id, leader_epoch });
                endpoints.extend(partition.leader.map(|node| (node, endpoint(node))));
            }
        }
        if !endpoints.is_empty() {
            response.node_endpoints = Some(endpoints.into_values().collect());
        }
        response.throttle_time_ms = self.throttle();
        self.answer(handle, Answer::Produce(response));
    }
}

/// A record that caused the rejection of a batch.
#[derive(Debug)]
pub(crate) struct Blame {
    pub(crate) value: Bytes,
    /// The broker's error message.
    pub(crate) what: String,
}

struct Appended {
    response: PartitionProduced,
    partition: Partition,
    /// The high watermark at which the batch is acknowledged by all replicas.
    required: i64,
}

fn endpoint(node_id: NodeId) -> NodeEndpoint {
    let (host, port) = super::answers::address(node_id);
    NodeEndpoint { node_id, host, port, rack: None }
}

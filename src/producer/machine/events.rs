//! Events from outside: answers, connections, time.

use std::time::{Duration, Instant};

use super::{Machine, Purge};
use crate::cluster::{ClusterDescription, NodeId};
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::producer::nodes::InFlightBatch;
use crate::producer::notices::Peer;
use crate::producer::partition::BatchRefusal;
use crate::producer::question::{Answer, MetadataWanted};
use crate::producer::request::RequestId;
use crate::producer::response::Answers;
use crate::producer::sequence::ProducerEpoch;
use crate::producer::settled::Stored;
use crate::protocol::{MetadataResponse, ProduceResponse};
use crate::record::SealedBatch;

/// Maximum time for which a throttled broker is sent nothing. Quotas ask for seconds; a corrupted
/// number could ask for weeks.
pub(super) const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// Maximum number of due partitions handled in one turn.
const DUE_AT_ONCE: usize = 1_000;

impl<W> Machine<W> {
    pub fn handle_answer(&mut self, now: Instant, answer: Answer) {
        match answer {
            Answer::Metadata(asked, Ok(response)) => self.handle_metadata(now, &asked, &response),
            Answer::Metadata(_, Err(error)) => self.handle_metadata_failed(now, error),
            Answer::ProducerId(Ok((id, epoch))) => self.handle_identity(now, id, epoch),
            Answer::ProducerId(Err(error)) => self.handle_identity_failed(now, error),
        }
    }

    pub(super) fn handle_metadata(
        &mut self,
        now: Instant,
        asked: &MetadataWanted,
        response: &MetadataResponse,
    ) {
        self.notices.reached(Peer::Cluster);
        self.notices.listed(|node| response.brokers.iter().any(|broker| broker.node_id == node));
        for described in &response.topics {
            let index = described.name.as_deref().and_then(|name| self.cluster.find(name));
            let Some(index) = index else { continue };
            self.describe(now, index, described);
        }
        // A partition without a leader, or a topic that is being created, will change soon.
        let complete = asked.topics.iter().all(|name| {
            self.cluster.find(name).is_none_or(|index| {
                let topic = self.cluster.topic(index);
                topic.is_known() && topic.leaders().all(|leader| leader.is_some())
                    || !topic.is_known() && !self.queues[index].has_unassigned()
            })
        });
        // All topics of the cluster under one lock: Kafka sends them in one piece, and callers must
        // get a description of one moment.
        if asked.everything {
            self.cluster.describe_all(ClusterDescription::from(response));
        }
        let complete = self.answer_calls(asked.everything) && complete;
        self.cluster.answered(now, complete, &mut self.random);
        self.finish_flushes();
    }

    pub(super) fn handle_metadata_failed(&mut self, now: Instant, error: Error) {
        self.counts.bootstrap_failed();
        if !self.refused_by_cluster(now, &error) {
            self.note_failure(now, Peer::Cluster, &error);
        }
        let (needed, backoff) = (!self.is_idle(), self.backoff_after(&error));
        self.cluster.not_answered(now, error, needed, backoff, &mut self.random);
    }

    /// Logs that a peer could not be reached. Only a warning says how many records wait, as
    /// counting them visits every batch.
    fn note_failure(&mut self, now: Instant, who: Peer, error: &Error) {
        let warns = self.notices.is_warning_due(now, who);
        let waiting = if warns { self.unsettled() } else { 0 };
        self.notices.failed(now, who, error, waiting);
    }

    pub(super) fn handle_identity(&mut self, now: Instant, id: i64, epoch: i16) {
        self.producer_ids.given(now, ProducerEpoch { id, epoch }, &mut self.random);
        let busy = self.queues.busy();
        self.update_partitions(now, busy);
    }

    pub(super) fn handle_identity_failed(&mut self, now: Instant, error: Error) {
        let refused = matches!(
            error.kind(),
            ErrorKind::Authorization | ErrorKind::Broker | ErrorKind::UnsupportedVersion
        );
        let backoff = self.backoff_after(&error);
        if error.retriable() || !refused {
            return self.producer_ids.failed(now, error, true, backoff, &mut self.random);
        }
        let error = error.ends_producer();
        self.producer_ids.failed(now, error.clone(), false, backoff, &mut self.random);
        self.drop_records(now, Purge::ALL, |_, maybe_written| {
            error.clone().maybe_written(maybe_written)
        });
        self.shutdown.fail(error);
        self.finish_flushes();
    }

    pub fn handle_connected(&mut self, node: NodeId) {
        self.notices.reached(Peer::Broker(node));
        self.nodes.connected(node);
    }

    pub fn handle_connect_failed(&mut self, now: Instant, node: NodeId, error: Error) {
        if !self.refused_by_broker(now, node, &error) {
            self.note_failure(now, Peer::Broker(node), &error);
        }
        // The broker may have moved, or another one may lead its partitions by now.
        self.cluster.want();
        let backoff = self.backoff_after(&error);
        let pause = |failures| backoff.after(failures, &mut self.random);
        self.nodes.connect_failed(now, node, error, pause);
    }

    /// Handles the end of a broker's connection. Requests that were in flight are reported by
    /// [`Self::handle_lost`].
    pub fn handle_disconnected(&mut self, now: Instant, node: NodeId) {
        self.notices.debug(now, || format!("the connection to broker {node} has ended"));
        let (ready, was_needed) = self.nodes.disconnected(node);
        if was_needed {
            self.cluster.want();
        }
        for place in ready {
            self.queues.partition(place).marks.queued_at = None;
            self.update_partition(now, place);
        }
    }

    /// Takes back the batches of a request, sealed, in the order of its parts.
    pub fn handle_sealed(&mut self, now: Instant, id: RequestId, sealed: Vec<SealedBatch>) {
        let parts = self.nodes.sealed(now, id);
        if parts.is_empty() {
            return;
        }
        for (InFlightBatch { place, serial, .. }, batch) in parts.into_iter().zip(sealed) {
            let Some((less, first)) = self.queues.partition(place).sealed(serial, batch) else {
                continue;
            };
            self.memory.release(less);
            if let Some(first) = first {
                self.counts.sealed(first);
            }
        }
        self.admit(now);
    }

    pub fn handle_produced(&mut self, now: Instant, id: RequestId, response: &ProduceResponse) {
        let Some(request) = self.nodes.answered(now, id) else { return };
        if let Ok(throttle @ 1..) = u64::try_from(response.throttle_time_ms) {
            let throttle = Duration::from_millis(throttle).min(LONGEST_SILENCE);
            self.nodes.throttle(now, request.node, throttle);
            let (node, pause) = (request.node, throttle.as_millis());
            self.notices.debug(now, || format!("broker {node} asks for {pause} ms of silence"));
        }
        let answers = Answers::to(response, request.parts.len());
        for sent in request.parts {
            let InFlightBatch { place, serial, topic_id } = sent;
            let name = self.cluster.topic(place.topic).name();
            match answers.get(name, topic_id, place.partition as i32) {
                Some(answer) if answer.error_code.is_success() => {
                    let stored = Stored {
                        base_offset: answer.base_offset,
                        log_append_time: Some(answer.log_append_time_ms).filter(|at| *at >= 0),
                    };
                    self.batch_stored(now, sent, stored);
                }
                Some(answer) => {
                    self.nodes.refused(request.node, answer.error_code);
                    let said = answer.error_message.as_deref();
                    self.follow_hint(now, place, answer, response);
                    if answer.base_offset >= 0 {
                        // The leader stored it, and stepped down while its replicas copied.
                        self.queues.partition(place).may_be_written(serial);
                    }
                    let refusal = BatchRefusal {
                        code: answer.error_code,
                        said,
                        records: &answer.record_errors,
                        maybe_written: answer.error_code.maybe_written(),
                    };
                    self.batch_refused(now, place, serial, refusal);
                }
                None => {
                    let code = ErrorCode::NETWORK_EXCEPTION;
                    self.nodes.refused(request.node, code);
                    let said = Some("the broker's answer leaves this partition out");
                    let refusal = BatchRefusal { code, said, records: &[], maybe_written: true };
                    self.batch_refused(now, place, serial, refusal);
                }
            }
            self.update_partition(now, place);
        }
        self.request_ended(now, request.node);
    }

    /// Handles a written request that no broker answers, as it asks for no acknowledgement.
    pub fn handle_written(&mut self, now: Instant, id: RequestId) {
        let Some(request) = self.nodes.take(id) else { return };
        for sent in request.parts {
            let stored = Stored { base_offset: -1, log_append_time: None };
            self.batch_stored(now, sent, stored);
            self.update_partition(now, sent.place);
        }
        self.request_ended(now, request.node);
    }

    /// Handles a request whose connection ended before its answer came, or before it was sent. The
    /// reason says whether it may have been written.
    pub fn handle_lost(&mut self, now: Instant, id: RequestId, reason: &Error) {
        let Some(request) = self.nodes.lost(id) else { return };
        let said = reason.to_string();
        let code = reason.context().code.unwrap_or(ErrorCode::NETWORK_EXCEPTION);
        let maybe_written = reason.context().maybe_written;
        let refusal = BatchRefusal { code, said: Some(&said), records: &[], maybe_written };
        for InFlightBatch { place, serial, .. } in request.parts {
            self.batch_refused(now, place, serial, refusal);
            self.update_partition(now, place);
        }
        self.request_ended(now, request.node);
    }

    /// Handles the passing of time: lingering, pauses and deadlines end.
    pub fn handle_timeout(&mut self, now: Instant) {
        // A bounded number at a time, as callers wait for the machine. `poll_timeout` reports that
        // there is more.
        for _ in 0..DUE_AT_ONCE {
            let Some(place) = self.timers.due(now) else { break };
            self.expire(now, place);
            self.update_partition(now, place);
        }
        self.expire_delayed(now);
        self.wake_nodes(now);
        self.notice_overdue(now);
        self.expire_calls(now);
        self.forget_unused(now);
        self.admit(now);
        self.finish_flushes();
        self.finish_closing(now);
    }
}

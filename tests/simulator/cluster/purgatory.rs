//! Produce requests that wait for replicas, as in Kafka's `DelayedProduce`. Their batches are
//! already in the leader's log, so even a request that fails may have stored them.

use std::time::Duration;

use dekaf::error::ErrorCode;
use dekaf::protocol::ProduceResponse;

use super::node::Node;
use super::replica::Replica;
use super::{Cluster, NodeId, Partition, RequestHandle};

#[derive(Debug)]
pub(super) struct Pending {
    pub(super) response: ProduceResponse,
    pub(super) waiting: Vec<Waiting>,
    pub(super) expires: Duration,
}

/// A partition of a request that still waits.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The indexes of the topic and the partition in the response.
    pub(super) place: (usize, usize),
    pub(super) partition: Partition,
    /// The high watermark to wait for.
    pub(super) required: i64,
}

impl Cluster {
    /// Ends waits with the codes that `verdict` returns, and answers requests that wait for nothing
    /// more.
    pub(super) fn resolve(
        &mut self,
        node: NodeId,
        verdict: impl Fn(&Waiting) -> Option<ErrorCode>,
    ) {
        let purgatory = &mut self.node_mut(node).purgatory;
        for Pending { response, waiting, .. } in purgatory.values_mut() {
            waiting.retain(|waiting| {
                let verdict = verdict(waiting);
                if let Some(code) = verdict {
                    let (topic, partition) = waiting.place;
                    let topic = &mut response.responses[topic];
                    topic.partition_responses[partition].error_code = code;
                }
                verdict.is_none()
            });
        }
        let done = purgatory.iter().filter(|(_, pending)| pending.waiting.is_empty());
        for handle in done.map(|(handle, _)| *handle).collect::<Vec<_>>() {
            let pending = self.node_mut(node).purgatory.remove(&handle).expect("it was listed");
            self.answer_produce(node, handle, pending.response);
        }
    }

    /// Ends the waits that a higher high watermark has fulfilled.
    pub(super) fn resolve_committed(&mut self, node: NodeId, partition: Partition) {
        let Some(replica) = self.replica(node, partition) else { return };
        let Some(verdict) = self.verdict(node, partition) else { return };
        let high_watermark = replica.high_watermark;
        self.resolve(node, |waiting| {
            let committed = waiting.partition == partition && waiting.required <= high_watermark;
            committed.then_some(verdict)
        });
    }

    /// Returns the leader's code for a batch that is committed.
    pub(super) fn verdict(&self, node: NodeId, partition: Partition) -> Option<ErrorCode> {
        let leadership = self.replica(node, partition).and_then(Replica::leadership)?;
        let topic = self.node(node).view.topic_by_id(partition.0);
        let enough = topic.is_none_or(|(_, topic)| leadership.in_sync() >= topic.settings.min_isr);
        Some(if enough { ErrorCode::NONE } else { ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND })
    }

    /// Answers a request that has timed out. A paused broker does so only after it resumes.
    pub(super) fn expire(&mut self, node: NodeId, handle: RequestHandle) {
        let broker = self.node_mut(node);
        if broker.is_paused() {
            return;
        }
        if let Some(mut pending) = broker.purgatory.remove(&handle) {
            for Waiting { place: (topic, partition), .. } in pending.waiting {
                let topic = &mut pending.response.responses[topic];
                topic.partition_responses[partition].error_code = ErrorCode::REQUEST_TIMED_OUT;
            }
            self.answer_produce(node, handle, pending.response);
        }
    }

    /// Answers the requests that timed out while the broker was paused.
    pub(super) fn expire_overdue(&mut self, node: NodeId) {
        let now = self.now;
        let Node { purgatory, .. } = self.node(node);
        let overdue = purgatory.iter().filter(|(_, pending)| pending.expires <= now);
        for handle in overdue.map(|(handle, _)| *handle).collect::<Vec<_>>() {
            self.expire(node, handle);
        }
    }
}

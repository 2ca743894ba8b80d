//! Where produce requests wait for replicas, as in Kafka's `DelayedProduce`. Whatever ends the
//! wait, the batches are in the leader's log: an error says nothing about that.

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

/// A partition that is not yet answered.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Its place in the response: the topic's, and the partition's in it.
    pub(super) place: (usize, usize),
    pub(super) partition: Partition,
    /// What the high watermark must reach.
    pub(super) required: i64,
}

impl Cluster {
    /// Ends waits with the codes that `verdict` gives, and answers what waits for nothing more.
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

    /// The high watermark has moved.
    pub(super) fn resolve_committed(&mut self, node: NodeId, partition: Partition) {
        let Some(replica) = self.replica(node, partition) else { return };
        let Some(verdict) = self.verdict(node, partition) else { return };
        let high_watermark = replica.high_watermark;
        self.resolve(node, |waiting| {
            let committed = waiting.partition == partition && waiting.required <= high_watermark;
            committed.then_some(verdict)
        });
    }

    /// What a leader says about a batch that is committed.
    pub(super) fn verdict(&self, node: NodeId, partition: Partition) -> Option<ErrorCode> {
        let leadership = self.replica(node, partition).and_then(Replica::leadership)?;
        let topic = self.node(node).view.topic_by_id(partition.0);
        let enough = topic.is_none_or(|(_, topic)| leadership.in_sync() >= topic.settings.min_isr);
        Some(if enough { ErrorCode::NONE } else { ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND })
    }

    /// A request's time is over. A broker that hangs notices when it goes on.
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

    /// Requests whose time passed while the broker hung.
    pub(super) fn expire_overdue(&mut self, node: NodeId) {
        let now = self.now;
        let Node { purgatory, .. } = self.node(node);
        let overdue = purgatory.iter().filter(|(_, pending)| pending.expires <= now);
        for handle in overdue.map(|(handle, _)| *handle).collect::<Vec<_>>() {
            self.expire(node, handle);
        }
    }
}

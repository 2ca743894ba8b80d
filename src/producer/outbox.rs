//! Requests whose batches are being sealed. Each broker gets its requests in the order in which the
//! machine made them, however long each takes to seal. Brokers store a producer's batches only in
//! the order of their sequence numbers.

use std::collections::{BTreeMap, VecDeque};

use super::request::{PartitionBatch, RequestId, SealedRequest};
use crate::cluster::NodeId;

#[derive(Debug)]
struct Slot {
    id: RequestId,
    /// `None` while they are being sealed.
    batches: Option<Vec<PartitionBatch>>,
}

/// A queue of requests for each broker.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queues: BTreeMap<NodeId, VecDeque<Slot>>,
}

impl Outbox {
    /// Reserves a place for a request that is being sealed.
    pub(super) fn reserve(&mut self, node: NodeId, id: RequestId) {
        self.queues.entry(node).or_default().push_back(Slot { id, batches: None });
    }

    /// Adds a sealed request that has no place yet.
    pub(super) fn push(&mut self, SealedRequest { id, node, batches }: SealedRequest) {
        let slot = Slot { id, batches: Some(batches) };
        self.queues.entry(node).or_default().push_back(slot);
    }

    /// Puts a sealed request into its place.
    pub(super) fn fill(&mut self, SealedRequest { id, node, batches }: SealedRequest) {
        let mut queue = self.queues.get_mut(&node).into_iter().flatten();
        if let Some(slot) = queue.find(|slot| slot.id == id) {
            slot.batches = Some(batches);
        }
    }

    /// Returns the next sealed request that has no unsealed one before it.
    pub(super) fn pop(&mut self) -> Option<SealedRequest> {
        self.queues.iter_mut().find_map(|(&node, queue)| {
            let batches = queue.front_mut()?.batches.take()?;
            let Slot { id, .. } = queue.pop_front()?;
            Some(SealedRequest { id, node, batches })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(node: NodeId, id: RequestId) -> SealedRequest {
        SealedRequest { id, node, batches: Vec::new() }
    }

    fn popped(outbox: &mut Outbox) -> Vec<(NodeId, RequestId)> {
        std::iter::from_fn(|| outbox.pop()).map(|ready| (ready.node, ready.id)).collect()
    }

    #[test]
    fn no_request_overtakes_one_that_is_being_sealed() {
        let mut outbox = Outbox::default();
        outbox.push(sealed(1, 0));
        outbox.reserve(1, 1);
        outbox.reserve(1, 2);
        outbox.push(sealed(1, 3));
        assert_eq!(popped(&mut outbox), [(1, 0)]);
        outbox.fill(sealed(1, 2));
        assert_eq!(popped(&mut outbox), []);
        outbox.fill(sealed(1, 1));
        assert_eq!(popped(&mut outbox), [(1, 1), (1, 2), (1, 3)]);
    }

    #[test]
    fn brokers_do_not_wait_for_each_other() {
        let mut outbox = Outbox::default();
        outbox.reserve(1, 0);
        outbox.push(sealed(2, 1));
        assert_eq!(popped(&mut outbox), [(2, 1)]);
    }
}

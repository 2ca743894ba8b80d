//! Requests whose batches are being sealed: each broker gets its requests in the order in which
//! the machine made them, however long each takes to seal. A broker stores a producer's batches
//! in no other order than that of their numbers.

use std::collections::{BTreeMap, VecDeque};

use crate::producer::{PartitionBatch, RequestId};

/// What is to be sent next.
#[derive(Debug)]
pub(super) struct Sealed {
    pub(super) id: RequestId,
    /// The broker.
    pub(super) node: i32,
    pub(super) batches: Vec<PartitionBatch>,
}

#[derive(Debug)]
struct Slot {
    id: RequestId,
    /// `None` while they are being sealed.
    batches: Option<Vec<PartitionBatch>>,
}

/// A line of requests for each broker.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    lines: BTreeMap<i32, VecDeque<Slot>>,
}

impl Outbox {
    /// Keeps a place for a request that is being sealed.
    pub(super) fn reserve(&mut self, node: i32, id: RequestId) {
        self.lines.entry(node).or_default().push_back(Slot { id, batches: None });
    }

    /// Takes in a request that has no place yet.
    pub(super) fn push(&mut self, Sealed { id, node, batches }: Sealed) {
        let slot = Slot { id, batches: Some(batches) };
        self.lines.entry(node).or_default().push_back(slot);
    }

    /// Puts a request in its place.
    pub(super) fn fill(&mut self, Sealed { id, node, batches }: Sealed) {
        let mut line = self.lines.get_mut(&node).into_iter().flatten();
        if let Some(slot) = line.find(|slot| slot.id == id) {
            slot.batches = Some(batches);
        }
    }

    /// The next request that nothing stands before.
    pub(super) fn pop(&mut self) -> Option<Sealed> {
        self.lines.iter_mut().find_map(|(&node, line)| {
            let batches = line.front_mut()?.batches.take()?;
            let Slot { id, .. } = line.pop_front()?;
            Some(Sealed { id, node, batches })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(node: i32, id: RequestId) -> Sealed {
        Sealed { id, node, batches: Vec::new() }
    }

    fn popped(outbox: &mut Outbox) -> Vec<(i32, RequestId)> {
        std::iter::from_fn(|| outbox.pop()).map(|ready| (ready.node, ready.id)).collect()
    }

    #[test]
    fn nobody_overtakes_what_is_being_sealed() {
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

//! Sequence numbers and epochs, by which brokers recognize retries and refuse gaps.
//!
//! A batch gets its numbers when it is first sent and keeps them, so that a broker that has stored
//! it says so. Numbers that brokers can no longer follow are dropped by bumping the epoch
//! (KIP-360): the partition starts again at 0. This waits until nothing of it is in flight, or a
//! batch that is stored after all would be stored twice.

use super::Partition;
use super::sending::SendReadiness;
use crate::cluster::{Leader, NodeId};
use crate::producer::sequence::{ProducerEpoch, Sequence};
use crate::record::Identity;

/// Number of batches of a producer that brokers remember in each partition. They do not recognize
/// older ones.
const REMEMBERED: usize = 5;

/// The state of a partition's sequence numbers.
#[derive(Debug, Default)]
pub(super) struct Idempotence {
    /// The producer of these sequence numbers; `None` before the first batch.
    producer: Option<ProducerEpoch>,
    /// The number that the next batch gets.
    next: Sequence,
    /// The number after the last record that was acknowledged.
    acked: Sequence,
    /// A batch with sequence numbers was removed without an acknowledgement. No further numbers are
    /// assigned until it is known whether brokers have stored it.
    pub(super) unresolved: bool,
    /// The epoch is spent: as soon as nothing is in flight, everything is renumbered.
    pub(super) bump: bool,
    /// The leader, and its epoch, that has acknowledged a batch of this producer epoch. A broker
    /// that does not know the producer accepts any first number. So before that, a second batch
    /// could be stored in place of a first one that was refused.
    pub(super) acked_by: Option<(NodeId, i32)>,
}

impl Idempotence {
    pub(super) fn new(first: Sequence) -> Self {
        Self { next: first, acked: first, ..Self::default() }
    }
}

impl<W> Partition<W> {
    /// Returns whether brokers would forget the oldest batch if this one were stored.
    #[inline]
    pub(super) fn exceeds_broker_window(&self, index: usize) -> bool {
        let oldest = self.queue.front().filter(|oldest| oldest.sequence.is_some());
        index > 0 && oldest.is_some_and(|oldest| oldest.overtaken + index >= REMEMBERED)
    }

    /// Returns whether the current leader has acknowledged a batch of the current epoch.
    #[inline]
    pub(super) fn has_acked(&self, leader: Leader) -> bool {
        leader.node.is_some_and(|node| self.idempotence.acked_by == Some((node, leader.epoch)))
    }

    /// Returns whether a batch without numbers may get some now.
    #[inline]
    pub(super) fn may_assign_sequence(&self) -> SendReadiness {
        let Idempotence { producer, unresolved, bump, .. } = self.idempotence;
        if unresolved || bump {
            return SendReadiness::No;
        }
        if producer.is_some() { SendReadiness::Yes } else { SendReadiness::NeedsProducerId }
    }

    /// Returns the identity of the next batch. Numbers it unless it has numbers, for the
    /// partition's producer, or for the `current` one if the partition has none.
    #[inline]
    pub(in crate::producer) fn assign_sequence(
        &mut self,
        current: Option<ProducerEpoch>,
    ) -> Identity {
        let Self { queue, idempotence, .. } = self;
        let Some(batch) = queue.iter_mut().find(|batch| !batch.is_in_flight()) else {
            return Identity::NONE;
        };
        let Some(producer) = idempotence.producer.or(current) else { return Identity::NONE };
        idempotence.producer = Some(producer);
        let sequence = *batch.sequence.get_or_insert(idempotence.next);
        if sequence == idempotence.next {
            idempotence.next = sequence.after(batch.count());
        }
        Identity {
            producer_id: producer.id,
            epoch: producer.epoch,
            base_sequence: sequence.number(),
        }
    }

    /// Notes that a batch with numbers was acknowledged, or is known to be stored.
    ///
    /// Only the oldest batch allows more in flight. Brokers recognize the last five batches, so one
    /// that failed while later ones were stored must be sent again before others. An
    /// acknowledgement by a deleted topic says nothing about the log that has replaced it.
    #[inline]
    pub(super) fn acknowledged(
        &mut self,
        index: usize,
        sequence: Sequence,
        count: i32,
        leader: Leader,
        is_same_topic: bool,
    ) {
        for overtaken in self.queue.range_mut(..index) {
            overtaken.overtaken += 1;
        }
        let end = sequence.after(count);
        if end.is_ahead_of(self.idempotence.acked) {
            self.idempotence.acked = end;
        }
        if index > 0 || !is_same_topic {
            return;
        }
        // The answer is from the broker that the batch was sent to. The current leader may be
        // another.
        if let Some(node) = self.sent_to.filter(|sent_to| leader.node == Some(*sent_to)) {
            self.idempotence.acked_by = Some((node, leader.epoch));
        }
    }

    /// Notes that `kept` of a batch's `had` records are sent again, without the others. If no later
    /// batch has numbers yet, this leaves no gap.
    pub(in crate::producer) fn close_gap(
        &mut self,
        sequence: Option<Sequence>,
        had: i32,
        kept: i32,
    ) {
        if let Some(sequence) = sequence
            && self.idempotence.next == sequence.after(had)
        {
            self.idempotence.next = sequence.after(kept);
        }
    }

    /// Handles a topic that was deleted and created again. The numbers continue: a batch that was
    /// sent by the topic's name may be in the new log already. If the new log does not accept them,
    /// it says so.
    pub(in crate::producer) fn topic_recreated(&mut self) {
        self.idempotence.acked_by = None;
    }

    /// Returns whether the epoch is spent. Once nothing is in flight, it first finds out whether
    /// batches that were removed without an acknowledgement are stored.
    #[inline]
    pub(in crate::producer) fn has_spent_epoch(&mut self) -> bool {
        if self.in_flight > 0 {
            return false;
        }
        let idempotence = &mut self.idempotence;
        if idempotence.unresolved && !self.queue.iter().any(|batch| batch.sequence.is_some()) {
            // An acknowledged successor shows that its predecessors are stored.
            idempotence.unresolved = false;
            idempotence.bump |= idempotence.acked != idempotence.next;
        }
        idempotence.bump
    }

    pub(in crate::producer) fn producer(&self) -> Option<ProducerEpoch> {
        self.idempotence.producer
    }

    /// Renumbers everything, for another producer or epoch.
    pub(in crate::producer) fn reset_sequences(&mut self, producer: Option<ProducerEpoch>) {
        self.idempotence = Idempotence { producer, ..Idempotence::default() };
        for batch in &mut self.queue {
            batch.sequence = None;
            batch.overtaken = 0;
        }
    }
}

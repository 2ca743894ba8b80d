//! Sequence numbers and epochs: what makes a repetition recognisable, and a gap impossible.
//!
//! A batch gets its numbers when it is first sent and keeps them, so that a broker that has it
//! already says so. Numbers that brokers cannot follow any more are left behind by bumping the
//! epoch (KIP-360): the partition starts again at 0, but only once nothing of it is in flight,
//! or a batch that is stored after all would be stored twice.

use super::Partition;
use super::leaving::Readiness;
use crate::cluster::{Leader, NodeId};
use crate::producer::sequence::{ProducerEpoch, Sequence};
use crate::record::Identity;

/// How many batches of a producer brokers remember in each partition: what they have forgotten
/// they cannot recognise.
const REMEMBERED: usize = 5;

/// What makes brokers recognise repetitions in a partition.
#[derive(Debug, Default)]
pub(super) struct Idempotence {
    /// Whose sequence numbers these are; `None` before the first batch.
    producer: Option<ProducerEpoch>,
    /// The number that the next batch gets.
    next: Sequence,
    /// The number after the last record that was acknowledged.
    acked: Sequence,
    /// A batch with sequence numbers left without an acknowledgement. Until it is known whether
    /// brokers have it, no further numbers are given out.
    pub(super) unresolved: bool,
    /// The epoch is spent: as soon as nothing is in flight, everything is numbered anew.
    pub(super) bump: bool,
    /// The leader and its epoch that has acknowledged a batch of this producer and epoch. A
    /// broker that knows nothing of a producer takes any first number, so before that a second
    /// batch could be stored in place of a first that was refused.
    pub(super) acked_by: Option<(NodeId, i32)>,
}

impl Idempotence {
    pub(super) fn new(first: Sequence) -> Self {
        Self { next: first, acked: first, ..Self::default() }
    }
}

impl<W> Partition<W> {
    /// Whether brokers would forget the oldest batch if this one were stored.
    #[inline]
    pub(super) fn crowds_out(&self, index: usize) -> bool {
        let oldest = self.queue.front().filter(|oldest| oldest.sequence.is_some());
        index > 0 && oldest.is_some_and(|oldest| oldest.overtaken + index >= REMEMBERED)
    }

    /// Whether the present leader has acknowledged a batch of the present epoch.
    #[inline]
    pub(super) fn has_acked(&self, leader: Leader) -> bool {
        leader.node.is_some_and(|node| self.idempotence.acked_by == Some((node, leader.epoch)))
    }

    /// Whether a batch without numbers may get some now.
    #[inline]
    pub(super) fn may_number(&self) -> Readiness {
        let Idempotence { producer, unresolved, bump, .. } = self.idempotence;
        if unresolved || bump {
            return Readiness::No;
        }
        if producer.is_some() { Readiness::Yes } else { Readiness::NeedsProducerId }
    }

    /// The identity of the next batch. Numbers it if that was not done before, for the `current`
    /// producer unless the partition has numbers of another.
    #[inline]
    pub(in crate::producer) fn number(&mut self, current: Option<ProducerEpoch>) -> Identity {
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

    /// A batch with numbers was acknowledged, or is known to be stored.
    ///
    /// Only the oldest batch opens the way for more: brokers recognise the last five, and one that
    /// came back while its successors were stored must be sent again before more are. And what a
    /// topic that was deleted had stored says nothing of the log that has taken its place.
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
        // The answer came from the broker it was sent to, and the present leader may be another.
        if let Some(node) = self.sent_to.filter(|sent_to| leader.node == Some(*sent_to)) {
            self.idempotence.acked_by = Some((node, leader.epoch));
        }
    }

    /// So many records of a batch are sent again, without the others. If nothing behind it is
    /// numbered yet, there will be no gap.
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

    /// A topic was deleted and created again. The numbers go on: a batch that was sent by the
    /// topic's name may be in the new log already. If that log does not take them, it says so.
    pub(in crate::producer) fn start_over(&mut self) {
        self.idempotence.acked_by = None;
    }

    /// Once nothing is in flight: finds out whether what left without an acknowledgement is stored,
    /// and says whether the epoch is spent.
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

    /// Whose sequence numbers its batches have.
    pub(in crate::producer) fn producer(&self) -> Option<ProducerEpoch> {
        self.idempotence.producer
    }

    /// Numbers everything anew, for another producer or epoch.
    pub(in crate::producer) fn number_anew(&mut self, producer: Option<ProducerEpoch>) {
        self.idempotence = Idempotence { producer, ..Idempotence::default() };
        for batch in &mut self.queue {
            batch.sequence = None;
            batch.overtaken = 0;
        }
    }
}

//! Sequence numbers and epochs: what makes a repetition recognisable, and a gap impossible.
//!
//! A batch gets its numbers when it is first sent and keeps them, so that a broker that has it
//! already says so. Numbers that brokers cannot follow any more are left behind by bumping the
//! epoch (KIP-360): the partition starts again at 0, but only once nothing of it is in flight,
//! or a batch that is stored after all would be stored twice.

use super::Machine;
use crate::producer::sequence::Sequence;
use crate::producer::topic::{Idempotence, Partition, Place};
use crate::record::Identity;

/// How many batches of a producer brokers remember in each partition: what they have forgotten
/// they cannot recognise.
const REMEMBERED: usize = 5;

impl<W> Partition<W> {
    /// Whether brokers would forget the oldest batch if this one were stored.
    pub(super) fn crowds_out(&self, index: usize) -> bool {
        let oldest = self.queue.front().filter(|oldest| oldest.sequence.is_some());
        index > 0 && oldest.is_some_and(|oldest| oldest.overtaken + index >= REMEMBERED)
    }

    /// Whether the present leader has acknowledged a batch of the present epoch.
    pub(super) fn has_acked(&self) -> bool {
        self.leader
            .is_some_and(|leader| self.idempotence.acked_by == Some((leader, self.leader_epoch)))
    }
}

impl<W> Machine<W> {
    /// Whether a batch without numbers may get some now.
    pub(super) fn may_number(&mut self, place: Place) -> bool {
        let idempotence = &self.topics[place.topic].partitions[place.partition].idempotence;
        if idempotence.unresolved || idempotence.bump {
            return false;
        }
        idempotence.producer.is_some() || self.numbers.want()
    }

    /// The identity of the partition's next batch; numbers it if that was not done before.
    pub(super) fn number(&mut self, place: Place) -> Identity {
        let current = self.numbers.current();
        let partition = self.partition(place);
        let Partition { queue, idempotence, .. } = partition;
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
    pub(super) fn acknowledged(
        &mut self,
        place: Place,
        index: usize,
        sequence: Sequence,
        count: i32,
        is_same_topic: bool,
    ) {
        let partition = self.partition(place);
        for overtaken in partition.queue.range_mut(..index) {
            overtaken.overtaken += 1;
        }
        let end = sequence.after(count);
        if end.is_ahead_of(partition.idempotence.acked) {
            partition.idempotence.acked = end;
        }
        if index > 0 || !is_same_topic {
            return;
        }
        // The answer came from whom it was sent to, and the present leader may be another.
        if let Some(leader) = partition.sent_to.filter(|sent_to| partition.leader == Some(*sent_to))
        {
            partition.idempotence.acked_by = Some((leader, partition.leader_epoch));
        }
    }

    /// A topic was deleted and created again. The numbers go on: a batch that was sent by the
    /// topic's name may be in the new log already. If that log does not take them, it says so.
    pub(super) fn start_over(&mut self, place: Place) {
        let partition = self.partition(place);
        partition.leader_epoch = -1;
        partition.idempotence.acked_by = None;
    }

    /// Once nothing is in flight: finds out whether what left without an acknowledgement is
    /// stored, and bumps the epoch where that is needed.
    pub(super) fn settle_numbering(&mut self, place: Place) {
        let partition = self.partition(place);
        if partition.in_flight > 0 {
            return;
        }
        let idempotence = &mut partition.idempotence;
        if idempotence.unresolved && !partition.queue.iter().any(|batch| batch.sequence.is_some()) {
            // An acknowledged successor shows that its predecessors are stored.
            idempotence.unresolved = false;
            idempotence.bump |= idempotence.acked != idempotence.next;
        }
        if partition.idempotence.bump {
            self.bump(place);
        }
    }

    fn bump(&mut self, place: Place) {
        let spent = self.partition(place).idempotence.producer;
        let producer = self.numbers.replace(spent);
        let partition = self.partition(place);
        partition.idempotence = Idempotence { producer, ..Idempotence::default() };
        for batch in &mut partition.queue {
            batch.sequence = None;
            batch.overtaken = 0;
        }
    }
}

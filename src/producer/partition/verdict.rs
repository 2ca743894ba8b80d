//! Decides what an answer means for its batch.

use std::time::Instant;

use super::Partition;
use super::batch::{Batch, BatchState, Taken};
use super::ends::BatchRemainder;
use crate::cluster::Leader;
use crate::error::ErrorCode;
use crate::producer::settled::Stored;
use crate::protocol::BatchIndexError;

/// A broker's refusal of a batch, or the loss of its request.
#[derive(Debug, Clone, Copy)]
pub(in crate::producer) struct BatchRefusal<'a> {
    pub(in crate::producer) code: ErrorCode,
    pub(in crate::producer) said: Option<&'a str>,
    /// Records that the broker blames (KIP-467).
    pub(in crate::producer) records: &'a [BatchIndexError],
    pub(in crate::producer) maybe_written: bool,
}

/// The action for a batch that was not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::producer) enum BatchAction {
    /// None: its waiters have completed before.
    Dropped,
    /// It is stored; the broker no longer knows where.
    Stored,
    Again,
    Split,
    /// The broker names the records that it refuses: the others are sent again.
    TakeOut,
    /// The broker refuses it permanently.
    Failed,
    Expired,
    /// Its partition was deleted.
    Deleted,
}

/// The conditions of a verdict besides the batch and the refusal.
#[derive(Debug, Clone, Copy)]
pub(in crate::producer) struct VerdictContext {
    /// A gapless partition sends nothing after a record that failed.
    pub(in crate::producer) is_gapless: bool,
    /// The partition belonged to a topic that was deleted.
    pub(in crate::producer) is_deleted: bool,
}

impl<W> Partition<W> {
    #[inline]
    pub(in crate::producer) fn find_in_flight(&self, serial: u64) -> Option<usize> {
        let answered = |batch: &Batch<W>| batch.serial == serial && batch.is_in_flight();
        self.queue.iter().position(answered)
    }

    #[inline]
    pub(in crate::producer) fn failures_at(&self, index: usize) -> u32 {
        self.queue[index].failures
    }

    #[inline]
    pub(in crate::producer) fn take_answered(&mut self, index: usize) -> Option<Taken<W>> {
        let first = index == 0;
        let batch = if first { self.queue.pop_front() } else { self.queue.remove(index) }?;
        self.in_flight -= 1;
        Some(Taken { index, batch })
    }

    /// Ends a batch that was stored, in this topic or in a deleted one of the same name.
    #[inline]
    pub(in crate::producer) fn acknowledge(
        &mut self,
        now: Instant,
        taken: Taken<W>,
        stored: Stored,
        leader: Leader,
        is_same_topic: bool,
    ) -> BatchRemainder<W> {
        if let Some(sequence) = taken.batch.sequence {
            self.acknowledged(taken.index, sequence, taken.batch.count(), leader, is_same_topic);
        }
        self.settle(now, taken, Ok(stored))
    }

    /// Decides about a batch that was not acknowledged and is removed from the queue.
    pub(in crate::producer) fn decide(
        &mut self,
        now: Instant,
        taken: &mut Taken<W>,
        refusal: BatchRefusal<'_>,
        context: VerdictContext,
    ) -> BatchAction {
        let Taken { index, batch } = taken;
        batch.maybe_written |= refusal.maybe_written;
        batch.last_failure = Some((refusal.code, refusal.said.map(str::to_owned)));
        // From here on one batch at a time, in order, until the leader acknowledges again.
        self.idempotence.acked_by = None;
        if batch.state == BatchState::GivenUp {
            self.leave_in_doubt(batch);
            return BatchAction::Dropped;
        }
        match refusal_action(refusal, batch, context.is_gapless) {
            RefusalAction::Stored => BatchAction::Stored,
            _ if context.is_deleted => BatchAction::Deleted,
            RefusalAction::Fail => BatchAction::Failed,
            RefusalAction::TakeOut => BatchAction::TakeOut,
            _ if batch.deadline <= now => BatchAction::Expired,
            RefusalAction::Split => BatchAction::Split,
            RefusalAction::Renumber if *index == 0 => {
                // No older batch is open, so the records that the broker misses will never come.
                self.idempotence.bump = true;
                BatchAction::Again
            }
            RefusalAction::Renumber | RefusalAction::Again => BatchAction::Again,
        }
    }

    /// Notes that a batch is removed without an acknowledgement. If it has numbers, it is unknown
    /// whether they are stored.
    pub(super) fn leave_in_doubt(&mut self, batch: &Batch<W>) {
        self.idempotence.unresolved |= batch.sequence.is_some();
    }

    /// Notes that a batch may be written: its answer has an error, and an offset too.
    pub(in crate::producer) fn may_be_written(&mut self, serial: u64) {
        if let Some(batch) = self.queue.iter_mut().find(|batch| batch.serial == serial) {
            batch.maybe_written = true;
        }
    }

    /// Puts a batch back into its place, to be sent again.
    pub(in crate::producer) fn put_back(&mut self, taken: Taken<W>, resume_at: Instant) {
        debug_assert!(self.marks.is_listed, "it had a batch until now");
        let Taken { index, mut batch } = taken;
        batch.state = BatchState::Queued;
        batch.failures += 1;
        batch.resume_at = Some(resume_at);
        self.queue.insert(index, batch);
    }

    /// Inserts a part of a batch into the queue.
    pub(in crate::producer) fn insert(&mut self, index: usize, part: Batch<W>) {
        self.queue.insert(index, part);
    }
}

/// The action for a batch, by the refusal alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RefusalAction {
    Again,
    /// The broker misses earlier batches, or has forgotten everything.
    Renumber,
    Stored,
    Split,
    TakeOut,
    Fail,
}

fn refusal_action<W>(
    refusal: BatchRefusal<'_>,
    batch: &Batch<W>,
    is_gapless: bool,
) -> RefusalAction {
    let numbered = batch.sequence.is_some();
    let may_be_cut = !batch.maybe_written && !batch.is_whole();
    match refusal.code {
        ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
        | ErrorCode::UNKNOWN_PRODUCER_ID
        | ErrorCode::INVALID_PRODUCER_EPOCH
            if numbered =>
        {
            RefusalAction::Renumber
        }
        ErrorCode::DUPLICATE_SEQUENCE_NUMBER if numbered => RefusalAction::Stored,
        // A broker checks the size before it looks for duplicates. If an earlier try was stored
        // while the topic allowed more, it would not recognize the parts, and store them again.
        ErrorCode::MESSAGE_TOO_LARGE if batch.count() > 1 && may_be_cut => RefusalAction::Split,
        code if code.retriable() => RefusalAction::Again,
        _ if may_be_cut && !is_gapless && blames_some(refusal, batch.count()) => {
            RefusalAction::TakeOut
        }
        _ => RefusalAction::Fail,
    }
}

/// Returns whether a broker names the records of a batch that it refuses.
pub(in crate::producer) fn blames_some(refusal: BatchRefusal<'_>, count: i32) -> bool {
    let mut blamed = refusal.records.iter();
    !refusal.records.is_empty() && blamed.all(|record| (0..count).contains(&record.batch_index))
}

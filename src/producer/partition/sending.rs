//! Sending: which batch is next, and when it may be sent.

use std::time::Instant;

use super::Partition;
use super::batch::{Batch, BatchState, Content};
use crate::cluster::{Leader, NodeId};
use crate::record::SealedBatch;

/// Whether a partition's next batch may be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::producer) enum SendReadiness {
    No,
    Yes,
    /// Yes, if the producer has an id.
    NeedsProducerId,
}

/// The limits for a partition's batches in flight.
#[derive(Debug, Clone, Copy)]
pub(in crate::producer) struct InFlightLimit {
    /// Whether batches have sequence numbers.
    pub(in crate::producer) is_idempotent: bool,
    pub(in crate::producer) batches: usize,
}

/// A batch that is sent now.
#[derive(Debug)]
pub(in crate::producer) struct OutgoingBatch {
    pub(in crate::producer) serial: u64,
    pub(in crate::producer) content: Content,
    /// How often it was sent, this time included.
    pub(in crate::producer) tries: u32,
}

impl<W> Partition<W> {
    /// Returns the first batch that is not in flight, and its index.
    #[inline]
    fn next_to_send(&self) -> Option<(usize, &Batch<W>)> {
        self.queue.iter().enumerate().find(|(_, batch)| !batch.is_in_flight())
    }

    #[inline]
    pub(in crate::producer) fn next_size(&self) -> usize {
        self.next_to_send().map_or(0, |(_, batch)| batch.size())
    }

    /// Returns when the batch at an index may be sent; `None` is at once.
    #[inline]
    fn ready_at(&self, index: usize) -> Option<Instant> {
        // A batch with another one behind it accepts no more records, so it does not linger.
        let batch = &self.queue[index];
        if index + 1 < self.queue.len() { batch.resume_at } else { batch.ready_at() }
    }

    /// Returns the next time at which something changes without an event: a batch becomes ready, or
    /// expires.
    #[inline]
    pub(in crate::producer) fn next_event(&self, now: Instant) -> Option<Instant> {
        let pending = self.queue.iter().find(|batch| batch.state != BatchState::GivenUp);
        let next = self.next_to_send().and_then(|(index, _)| self.ready_at(index));
        let ready_at = next.filter(|at| *at > now);
        let deadlines = pending.map(|batch| batch.deadline).into_iter();
        deadlines.chain(self.early.first().copied()).chain(ready_at).min()
    }

    /// Returns whether the partition allows its next batch to be sent now. `lingers` is false while
    /// records wait for memory: the batch is then sent at once, to free its memory.
    #[inline]
    pub(in crate::producer) fn readiness(
        &self,
        now: Instant,
        leader: Leader,
        max: InFlightLimit,
        lingers: bool,
    ) -> SendReadiness {
        let Some((index, next)) = self.next_to_send() else { return SendReadiness::No };
        let ready_at = if lingers { self.ready_at(index) } else { next.resume_at };
        if ready_at.is_some_and(|at| at > now) {
            return SendReadiness::No;
        }
        // A leader that has acknowledged nothing yet gets one batch at a time, and only when none
        // is in flight to another broker. The old leader may still store its batch before this one.
        let limit = if max.is_idempotent && !self.has_acked(leader) { 1 } else { max.batches };
        if self.in_flight >= limit {
            return SendReadiness::No;
        }
        if self.exceeds_broker_window(index) {
            return SendReadiness::No;
        }
        if !max.is_idempotent || next.sequence.is_some() {
            return SendReadiness::Yes;
        }
        self.may_assign_sequence()
    }

    /// Marks the next batch as sent to a broker, and returns it.
    #[inline]
    pub(in crate::producer) fn send(&mut self, node: NodeId) -> Option<OutgoingBatch> {
        let (index, _) = self.next_to_send()?;
        let batch = &mut self.queue[index];
        self.recent_size = batch.size().max(self.recent_size / 2);
        self.recent_waiters = batch.waiters().max(self.recent_waiters / 2);
        let content = batch.send()?;
        self.in_flight += 1;
        self.sent_to = Some(node);
        Some(OutgoingBatch { serial: batch.serial, content, tries: batch.tries })
    }

    /// Takes the sealed records of a batch back. Returns how much memory that frees, and the
    /// records if they were open before.
    #[inline]
    pub(in crate::producer) fn sealed(
        &mut self,
        serial: u64,
        sealed: SealedBatch,
    ) -> Option<(usize, Option<&SealedBatch>)> {
        let batch = self.queue.iter_mut().find(|batch| batch.serial == serial)?;
        let was_open = batch.is_being_sealed();
        let less = batch.sealed(sealed);
        Some((less, was_open.then(|| batch.as_sent())))
    }

    /// Returns the broker that has not answered yet.
    pub(in crate::producer) fn in_flight_to(&self) -> Option<NodeId> {
        self.sent_to.filter(|_| self.in_flight > 0)
    }

    /// Requests that the last batch is sent as soon as possible. Returns whether that is new.
    #[inline]
    pub(in crate::producer) fn hurry(&mut self) -> bool {
        self.queue.back_mut().is_some_and(Batch::hurry)
    }

    /// Closes the last batch: it is sent as it is, and no later record joins it. Returns whether
    /// there is one.
    pub(in crate::producer) fn close_last(&mut self) -> bool {
        let last = self.queue.back_mut();
        last.map(Batch::close).is_some()
    }

    /// Ends pauses, which were for the old leader: another broker was elected.
    pub(in crate::producer) fn end_pauses(&mut self) {
        for batch in &mut self.queue {
            batch.resume_at = None;
        }
    }
}

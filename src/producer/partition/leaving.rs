//! Which batch leaves next, when, and what it leaves with.

use std::time::Instant;

use super::Partition;
use super::batch::{Batch, Content, Progress};
use crate::cluster::{Leader, NodeId};
use crate::record::SealedBatch;

/// Whether a partition's next batch may leave now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::producer) enum Readiness {
    No,
    Yes,
    /// If the producer has an id.
    NeedsProducerId,
}

/// What bounds the batches in flight of a partition.
#[derive(Debug, Clone, Copy)]
pub(in crate::producer) struct Window {
    /// Whether batches have sequence numbers.
    pub(in crate::producer) is_idempotent: bool,
    pub(in crate::producer) limit: usize,
}

/// A batch that leaves.
#[derive(Debug)]
pub(in crate::producer) struct Departure {
    pub(in crate::producer) serial: u64,
    pub(in crate::producer) content: Content,
    /// How often it has been sent, this time included.
    pub(in crate::producer) tries: u32,
}

impl<W> Partition<W> {
    /// The first batch that is not in flight, and its place in the queue.
    #[inline]
    fn next_to_send(&self) -> Option<(usize, &Batch<W>)> {
        self.queue.iter().enumerate().find(|(_, batch)| !batch.is_in_flight())
    }

    /// How large its next batch is.
    #[inline]
    pub(in crate::producer) fn next_size(&self) -> usize {
        self.next_to_send().map_or(0, |(_, batch)| batch.size())
    }

    /// From when on a batch of this queue may be sent; `None` is at once.
    #[inline]
    fn ready_at(&self, index: usize) -> Option<Instant> {
        // A batch with another behind it waits for no more records.
        let batch = &self.queue[index];
        if index + 1 < self.queue.len() { batch.resume_at } else { batch.ready_at() }
    }

    /// When something happens to it without any news: a batch becomes ready, or too old.
    #[inline]
    pub(in crate::producer) fn next_event(&self, now: Instant) -> Option<Instant> {
        let pending = self.queue.iter().find(|batch| batch.progress != Progress::GivenUp);
        let next = self.next_to_send().and_then(|(index, _)| self.ready_at(index));
        let ready_at = next.filter(|at| *at > now);
        let deadlines = pending.map(|batch| batch.deadline).into_iter();
        deadlines.chain(self.early.first().copied()).chain(ready_at).min()
    }

    /// Whether the next batch may leave now, as far as the partition is concerned. It does not
    /// linger while others wait for the memory that it takes.
    #[inline]
    pub(in crate::producer) fn readiness(
        &self,
        now: Instant,
        leader: Leader,
        window: Window,
        lingers: bool,
    ) -> Readiness {
        let Some((index, next)) = self.next_to_send() else { return Readiness::No };
        let ready_at = if lingers { self.ready_at(index) } else { next.resume_at };
        if ready_at.is_some_and(|at| at > now) {
            return Readiness::No;
        }
        // A leader that has acknowledged nothing yet gets one batch, and only once no other broker
        // owes an answer: what an old leader has may still be stored before it.
        let limit = if window.is_idempotent && !self.has_acked(leader) { 1 } else { window.limit };
        if self.in_flight >= limit {
            return Readiness::No;
        }
        if self.crowds_out(index) {
            return Readiness::No;
        }
        if !window.is_idempotent || next.sequence.is_some() {
            return Readiness::Yes;
        }
        self.may_number()
    }

    /// Sends the next batch to a broker.
    #[inline]
    pub(in crate::producer) fn send(&mut self, node: NodeId) -> Option<Departure> {
        let (index, _) = self.next_to_send()?;
        let batch = &mut self.queue[index];
        self.recent_size = batch.size().max(self.recent_size / 2);
        self.recent_waiters = batch.waiters().max(self.recent_waiters / 2);
        let content = batch.send()?;
        self.in_flight += 1;
        self.sent_to = Some(node);
        Some(Departure { serial: batch.serial, content, tries: batch.tries })
    }

    /// Takes the records of a batch back, sealed. Says how much memory that sets free, and gives
    /// them out again if they were open before.
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

    /// The broker that owes an answer.
    pub(in crate::producer) fn in_flight_to(&self) -> Option<NodeId> {
        self.sent_to.filter(|_| self.in_flight > 0)
    }

    /// Has the last batch leave as soon as it can; says whether that is news.
    #[inline]
    pub(in crate::producer) fn hurry(&mut self) -> bool {
        self.queue.back_mut().is_some_and(Batch::hurry)
    }

    /// Has the last batch leave as it is: no later record joins it. Says whether there is one.
    pub(in crate::producer) fn close_last(&mut self) -> bool {
        let last = self.queue.back_mut();
        last.map(Batch::close).is_some()
    }

    /// Another broker was elected: pauses were for the old leader's sake.
    pub(in crate::producer) fn end_pauses(&mut self) {
        for batch in &mut self.queue {
            batch.resume_at = None;
        }
    }
}

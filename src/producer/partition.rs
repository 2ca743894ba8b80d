//! A partition's queue of batches, the oldest first: which of them may be sent, and what an answer
//! means for a batch. It knows no other partition, no broker and no waiter of a call; its methods
//! return the changes that the machine must apply to these.

mod batch;
mod ends;
mod numbering;
mod parts;
mod sending;
mod verdict;

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

pub use self::batch::Content;
pub(super) use self::batch::{Batch, Completion, Taken};
pub(super) use self::ends::BatchRemainder;
use self::numbering::Idempotence;
pub(super) use self::parts::{Codecs, Piece};
pub(super) use self::sending::{InFlightLimit, SendReadiness};
pub(super) use self::verdict::{BatchAction, BatchRefusal, VerdictContext, blames_some};
use super::sequence::Sequence;
use super::settled::Who;
use super::ticket::Ticket;
use crate::cluster::NodeId;
use crate::error::Error;
use crate::record::Record;

/// Initial memory of a partition's first batch, which grows if needed.
const INITIAL_BATCH_SIZE: usize = 1024;

#[derive(Debug)]
pub(super) struct Partition<W> {
    /// The oldest batch first; only the last may be open. Batches that were sent come before those
    /// that were not.
    queue: VecDeque<Batch<W>>,
    in_flight: usize,
    /// Approximate size of the last batches.
    recent_size: usize,
    /// Approximate number of waiters of each.
    recent_waiters: usize,
    /// The broker that the batches in flight were sent to.
    sent_to: Option<NodeId>,
    idempotence: Idempotence,
    /// Why it accepts no more records, if it stopped at a gap.
    stopped: Option<Error>,
    /// Deadlines that may be earlier than that of an older batch: the time of an all-or-nothing
    /// batch starts before the batch is accepted.
    early: BTreeSet<Instant>,
    pub(super) marks: Marks,
}

/// The places of a partition in other components' queues.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The broker whose queue of ready partitions it is in.
    pub(super) queued_at: Option<NodeId>,
    /// The broker that is sent its records as soon as no other request to it is in flight.
    pub(super) awaited: Option<NodeId>,
    /// Whether it is in the list of partitions with batches.
    pub(super) is_listed: bool,
    /// Whether it is among the partitions whose records wait for others that come with them.
    pub(super) grouped: bool,
    /// The time at which the machine next checks it without an event.
    pub(super) timer: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct AppendedRecord {
    pub(super) ticket: Ticket,
    /// The bytes that it added to the batch.
    pub(super) size: usize,
    pub(super) is_full: bool,
}

impl<W> Partition<W> {
    pub(super) fn new(first: Sequence) -> Self {
        Self {
            queue: VecDeque::new(),
            in_flight: 0,
            recent_size: INITIAL_BATCH_SIZE,
            recent_waiters: 0,
            sent_to: None,
            idempotence: Idempotence::new(first),
            stopped: None,
            early: BTreeSet::new(),
            marks: Marks::default(),
        }
    }

    // -- appending ----------------------------------------------------------------------------

    /// Appends a record to the last batch, or returns `who` if the batch does not take it.
    #[inline]
    pub(super) fn append<N: Who<W>>(
        &mut self,
        record: &Record<'_>,
        who: N,
        batch_size: usize,
    ) -> Result<AppendedRecord, N> {
        let Some(batch) = self.queue.back_mut() else { return Err(who) };
        let (size, is_full) = batch.append(record, who, batch_size)?;
        Ok(AppendedRecord { ticket: batch.ticket, size, is_full })
    }

    /// Adds a batch, whose deadline may be earlier than that of older ones.
    pub(super) fn push(&mut self, batch: Batch<W>) {
        let is_early = self.queue.back().is_some_and(|last| batch.deadline < last.deadline);
        if is_early || !self.early.is_empty() {
            self.early.insert(batch.deadline);
        }
        self.queue.push_back(batch);
    }

    /// Adds a batch that takes records from now on.
    pub(super) fn open(&mut self, batch: Batch<W>) {
        self.queue.push_back(batch);
    }

    /// Returns the approximate size of its next batch.
    pub(super) fn usual_size(&self) -> usize {
        self.queue.back().map_or(0, |last| last.charged).max(self.recent_size)
    }

    /// Returns the approximate number of waiters of its next batch.
    pub(super) fn usual_waiters(&self) -> usize {
        self.recent_waiters
    }

    pub(super) fn stopped(&self) -> Option<&Error> {
        self.stopped.as_ref()
    }

    pub(super) fn stop(&mut self, error: Error) {
        self.stopped = Some(error);
    }

    // -- queries ------------------------------------------------------------------------------

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Returns whether it has no batch, is in no queue, and accepts records.
    pub(super) fn is_idle(&self) -> bool {
        let Marks { queued_at, awaited, is_listed: _, grouped, timer } = &self.marks;
        let is_queued = queued_at.is_some() || awaited.is_some() || *grouped || timer.is_some();
        self.queue.is_empty() && self.in_flight == 0 && self.stopped.is_none() && !is_queued
    }

    /// Returns whether it has unsettled records.
    pub(super) fn has_records(&self) -> bool {
        self.queue.iter().any(|batch| !batch.is_given_up())
    }

    /// Returns the number of records that wait to be sent, and of those in flight or ended behind
    /// others.
    pub(super) fn records(&self) -> (usize, usize) {
        let (mut queued, mut in_flight) = (0, 0);
        for batch in &self.queue {
            match (batch.is_in_flight(), batch.is_given_up()) {
                (false, _) => queued += batch.count() as usize,
                (true, false) => in_flight += batch.count() as usize,
                // Its records have ended.
                (true, true) => {}
            }
            in_flight +=
                batch.held_completions.iter().map(|held| held.count as usize).sum::<usize>();
        }
        (queued, in_flight)
    }

    /// Returns the number of unsettled records in batches with a smaller ticket.
    pub(super) fn unsettled_before(&self, before: Ticket) -> usize {
        let open = self.queue.iter().flat_map(|batch| {
            let own = (!batch.is_given_up()).then_some((batch.ticket, batch.count()));
            own.into_iter()
                .chain(batch.held_completions.iter().map(|held| (held.ticket, held.count)))
        });
        let open = open.filter(|(ticket, _)| *ticket < before);
        open.map(|(_, count)| count as usize).sum()
    }
}

//! One partition's queue of batches, the oldest first: which of them may be sent, and what an
//! answer means for it. It knows no other partition, no broker and no waiter of a call; what
//! concerns these is in what its methods return, for the machine to apply.

mod batch;
mod ends;
mod leaving;
mod numbering;
mod parts;
mod verdict;

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

pub use self::batch::Content;
pub(super) use self::batch::{Batch, Ended, Taken};
pub(super) use self::ends::Removed;
pub(super) use self::leaving::{Readiness, Window};
use self::numbering::Idempotence;
pub(super) use self::parts::{Codecs, Piece};
pub(super) use self::verdict::{Circumstances, Refusal, Verdict, blames_some};
use super::sequence::Sequence;
use super::settled::Who;
use super::ticket::Ticket;
use crate::cluster::NodeId;
use crate::error::Error;
use crate::record::Record;

/// What a partition's first batch gets of memory; it takes more if it needs it.
const SMALL: usize = 1024;

#[derive(Debug)]
pub(super) struct Partition<W> {
    /// The oldest batch first; only the last may be open. Those that have been sent come before
    /// those that have not.
    queue: VecDeque<Batch<W>>,
    in_flight: usize,
    /// About how large those were that left.
    recent_size: usize,
    /// About how many waited for the records of each.
    recent_waiters: usize,
    /// The broker that the batches in flight were sent to.
    sent_to: Option<NodeId>,
    idempotence: Idempotence,
    /// Why it takes no more records, if it stopped at a gap.
    stopped: Option<Error>,
    /// Deadlines that are earlier than that of an older batch: those of batches that are stored
    /// whole, whose time began before they were taken in.
    early: BTreeSet<Instant>,
    pub(super) marks: Marks,
}

/// Where a partition stands in the queues of others.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The broker in whose queue of partitions with something to send it stands.
    pub(super) queued_at: Option<NodeId>,
    /// The broker that sends its records as soon as it owes no answer.
    pub(super) awaited: Option<NodeId>,
    /// Whether it stands in the list of partitions with batches.
    pub(super) is_listed: bool,
    /// Whether it stands among those whose records wait for others that come with them.
    pub(super) gathers: bool,
    /// When the machine looks at it again of its own accord.
    pub(super) timer: Option<Instant>,
}

/// A record that was appended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Appended {
    /// The ticket of its batch.
    pub(super) ticket: Ticket,
    /// How many bytes it took.
    pub(super) size: usize,
    /// Whether it filled its batch.
    pub(super) is_full: bool,
}

impl<W> Partition<W> {
    pub(super) fn new(first: Sequence) -> Self {
        Self {
            queue: VecDeque::new(),
            in_flight: 0,
            recent_size: SMALL,
            recent_waiters: 0,
            sent_to: None,
            idempotence: Idempotence::new(first),
            stopped: None,
            early: BTreeSet::new(),
            marks: Marks::default(),
        }
    }

    // -- records on their way in --------------------------------------------------------------

    /// Appends a record to the last batch, if that takes it; gives back who waits otherwise.
    #[inline]
    pub(super) fn append<N: Who<W>>(
        &mut self,
        record: &Record<'_>,
        who: N,
        batch_size: usize,
    ) -> Result<Appended, N> {
        let Some(batch) = self.queue.back_mut() else { return Err(who) };
        let (size, is_full) = batch.append(record, who, batch_size)?;
        Ok(Appended { ticket: batch.ticket, size, is_full })
    }

    /// Adds a batch, whose time may be over before that of older ones.
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

    /// About how large its next batch will be.
    pub(super) fn usual_size(&self) -> usize {
        self.queue.back().map_or(0, |last| last.charged).max(self.recent_size)
    }

    /// About how many will wait for the records of its next batch.
    pub(super) fn usual_waiters(&self) -> usize {
        self.recent_waiters
    }

    /// Why it takes no more records, if it stopped at a gap.
    pub(super) fn stopped(&self) -> Option<&Error> {
        self.stopped.as_ref()
    }

    /// Takes no more records.
    pub(super) fn stop(&mut self, error: Error) {
        self.stopped = Some(error);
    }

    // -- looks --------------------------------------------------------------------------------

    /// Whether it has no batch.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether it has no batch, stands in no queue, and takes records.
    pub(super) fn is_at_rest(&self) -> bool {
        let Marks { queued_at, awaited, is_listed: _, gathers, timer } = &self.marks;
        let is_queued = queued_at.is_some() || awaited.is_some() || *gathers || timer.is_some();
        self.queue.is_empty() && self.in_flight == 0 && self.stopped.is_none() && !is_queued
    }

    /// Whether it has records that have not ended.
    pub(super) fn has_records(&self) -> bool {
        self.queue.iter().any(|batch| !batch.is_given_up())
    }

    /// How many records wait to be sent, and how many are sent or have ended behind those.
    pub(super) fn records(&self) -> (usize, usize) {
        let (mut queued, mut in_flight) = (0, 0);
        for batch in &self.queue {
            match (batch.is_in_flight(), batch.is_given_up()) {
                (false, _) => queued += batch.count() as usize,
                (true, false) => in_flight += batch.count() as usize,
                // Its records have ended.
                (true, true) => {}
            }
            in_flight += batch.behind.iter().map(|ended| ended.count as usize).sum::<usize>();
        }
        (queued, in_flight)
    }

    /// How many records of batches with a smaller ticket are not settled.
    pub(super) fn unsettled_before(&self, before: Ticket) -> usize {
        let open = self.queue.iter().flat_map(|batch| {
            let own = (!batch.is_given_up()).then_some((batch.ticket, batch.count()));
            own.into_iter().chain(batch.behind.iter().map(|ended| (ended.ticket, ended.count)))
        });
        let open = open.filter(|(ticket, _)| *ticket < before);
        open.map(|(_, count)| count as usize).sum()
    }
}

//! A batch and its states: open or closed, waiting to be sent or in flight.

use std::time::Instant;

use bytes::Bytes;

use crate::error::{Error, ErrorCode};
use crate::producer::sequence::Sequence;
use crate::producer::settled::{Stored, Waiting, Who};
use crate::producer::ticket::Ticket;
use crate::record::{BATCH_OVERHEAD, BatchBuilder, Record, SealedBatch};

#[derive(Debug)]
pub(in crate::producer) struct Batch<W> {
    /// Identifies this batch: the parts of a split batch share their ticket.
    pub(super) serial: u64,
    pub(super) ticket: Ticket,
    pub(super) content: Option<Content>,
    pub(super) count: i32,
    /// Bytes charged to the buffer memory.
    pub(super) charged: usize,
    pub(super) waiting: Vec<Waiting<W>>,
    /// Counted from its first record.
    pub(super) deadline: Instant,
    /// Time at which it is sent although it is not full.
    pub(super) lingers_until: Instant,
    /// It is sent as soon as possible. Until then it accepts records: possibly many, while its
    /// broker cannot be reached.
    pub(super) hurried: bool,
    pub(super) intake: Intake,
    pub(super) state: BatchState,
    /// Assigned when it is first sent, and kept for as long as its epoch lasts.
    pub(super) sequence: Option<Sequence>,
    /// Number of later batches that were acknowledged before it. If there are any, it is stored,
    /// and brokers must not forget it before it is sent again.
    pub(super) overtaken: usize,
    pub(super) tries: u32,
    /// How often it failed. The parts of a split batch inherit this, but not the tries.
    pub(super) failures: u32,
    /// It is not sent before, as a pause after a failure.
    pub(super) resume_at: Option<Instant>,
    /// Whether an earlier try may have been stored.
    pub(super) maybe_written: bool,
    /// Code and message of an earlier failed try.
    pub(super) last_failure: Option<(ErrorCode, Option<String>)>,
    /// Completions of later batches of its partition, oldest first: their waiters complete after
    /// its own.
    pub(super) held_completions: Vec<Completion<W>>,
}

/// A batch, or records of one, that ended and whose waiters have not completed.
#[derive(Debug)]
pub(in crate::producer) struct Completion<W> {
    pub(in crate::producer) ticket: Ticket,
    pub(in crate::producer) deadline: Instant,
    pub(in crate::producer) count: i32,
    /// Size of its records without compression.
    pub(in crate::producer) record_bytes: usize,
    pub(in crate::producer) waiting: Vec<Waiting<W>>,
    pub(in crate::producer) outcome: Result<Stored, Error>,
}

/// A batch that was removed from its queue, with its index there.
#[derive(Debug)]
pub(in crate::producer) struct Taken<W> {
    pub(in crate::producer) index: usize,
    pub(in crate::producer) batch: Batch<W>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intake {
    Open,
    Closed,
    /// Closed for good: no record may be taken out of an all-or-nothing batch either.
    Whole,
}

/// The sending state of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BatchState {
    /// It waits to be sent, for the first time or again.
    Queued,
    /// It was sent and is not answered yet.
    InFlight,
    /// It is in flight, but its waiters have completed with an error: it expired or was purged. It
    /// keeps its place in the queue until the answer arrives.
    GivenUp,
}

#[derive(Debug)]
pub enum Content {
    /// Not sealed yet: the driver seals it, and returns it.
    Open(BatchBuilder),
    Sealed(SealedBatch),
}

impl Content {
    fn size(&self) -> usize {
        match self {
            Self::Open(builder) => builder.size(),
            Self::Sealed(batch) => batch.size(),
        }
    }
}

impl<W> Batch<W> {
    pub(in crate::producer) fn open(
        serial: u64,
        ticket: Ticket,
        memory: Vec<u8>,
        waiters: usize,
        deadline: Instant,
        lingers_until: Instant,
    ) -> Self {
        Self {
            serial,
            ticket,
            content: Some(Content::Open(BatchBuilder::of_memory(memory))),
            count: 0,
            charged: 0,
            waiting: Vec::with_capacity(waiters),
            deadline,
            lingers_until,
            hurried: false,
            intake: Intake::Open,
            state: BatchState::Queued,
            sequence: None,
            overtaken: 0,
            tries: 0,
            failures: 0,
            resume_at: None,
            maybe_written: false,
            last_failure: None,
            held_completions: Vec::new(),
        }
    }

    /// Appends a record if the batch accepts records and this one fits; any record fits into an
    /// empty batch. Returns how many bytes it took and whether the batch is full now, or else
    /// `who`.
    pub(in crate::producer) fn append<N: Who<W>>(
        &mut self,
        record: &Record<'_>,
        who: N,
        batch_size: usize,
    ) -> Result<(usize, bool), N> {
        let Some(Content::Open(builder)) = &mut self.content else { return Err(who) };
        if self.intake != Intake::Open {
            return Err(who);
        }
        let Some(index) = builder.try_append(record, batch_size) else { return Err(who) };
        let before = self.charged;
        self.count = builder.count();
        self.charged = builder.size();
        let timestamp = record.timestamp;
        let joins = |last: &&mut Waiting<W>| {
            last.index + last.count == index
                && last.timestamp == timestamp
                && who.is_next_of(&last.waiter, last.count)
        };
        if let Some(last) = self.waiting.last_mut().filter(joins) {
            last.count += 1;
        } else if let Some(waiter) = who.make() {
            self.waiting.push(Waiting { index, count: 1, timestamp, waiter });
        }
        let full = self.charged >= batch_size;
        if full {
            self.close();
        }
        Ok((self.charged - before, full))
    }

    pub(super) fn waiters(&self) -> usize {
        self.waiting.len()
    }

    /// Requests that it is sent as soon as possible. Returns whether that is new.
    pub(super) fn hurry(&mut self) -> bool {
        !std::mem::replace(&mut self.hurried, true)
    }

    /// Closes it: it is sent as soon as possible, and accepts no more records.
    pub(super) fn close(&mut self) {
        self.hurried = true;
        if self.intake == Intake::Open {
            self.intake = Intake::Closed;
        }
    }

    /// Closes it as an all-or-nothing batch: its records are stored together or not at all.
    pub(in crate::producer) fn close_whole(&mut self) {
        self.close();
        self.intake = Intake::Whole;
    }

    pub(super) fn is_whole(&self) -> bool {
        self.intake == Intake::Whole
    }

    pub(in crate::producer) fn charged(&self) -> usize {
        self.charged
    }

    pub(in crate::producer) fn ticket(&self) -> Ticket {
        self.ticket
    }

    pub(in crate::producer) fn sequence(&self) -> Option<Sequence> {
        self.sequence
    }

    pub(in crate::producer) fn failures(&self) -> u32 {
        self.failures
    }

    pub(in crate::producer) fn is_maybe_written(&self) -> bool {
        self.maybe_written
    }

    pub(in crate::producer) fn last_failure(&self) -> Option<(ErrorCode, Option<&str>)> {
        self.last_failure.as_ref().map(|(code, said)| (*code, said.as_deref()))
    }

    /// Inherits the completions that wait for `from`, of which this batch is the whole or the last
    /// part.
    pub(in crate::producer) fn inherit(&mut self, from: &mut Self) {
        self.held_completions = from.take_held_completions();
    }

    /// Removes the completions of later batches that wait for this one.
    pub(in crate::producer) fn take_held_completions(&mut self) -> Vec<Completion<W>> {
        std::mem::take(&mut self.held_completions)
    }

    /// Notes that its waiters have completed, each with its own end.
    pub(in crate::producer) fn mark_given_up(&mut self) {
        self.state = BatchState::GivenUp;
    }

    pub(in crate::producer) fn count(&self) -> i32 {
        self.count
    }

    /// Returns its size, as far as known: compression may reduce it.
    pub(in crate::producer) fn size(&self) -> usize {
        self.content.as_ref().map_or(self.charged, Content::size)
    }

    /// Returns the size of its records without compression, once it was sent and is sealed.
    fn record_bytes(&self) -> usize {
        let size = match &self.content {
            Some(Content::Sealed(batch)) => batch.uncompressed_size(),
            _ => self.charged,
        };
        size.saturating_sub(BATCH_OVERHEAD)
    }

    /// Marks it as sent, and returns its records. Records that are not sealed come back by
    /// [`Self::sealed`].
    pub(super) fn send(&mut self) -> Option<Content> {
        self.state = BatchState::InFlight;
        self.tries += 1;
        match &self.content {
            Some(Content::Sealed(batch)) => Some(Content::Sealed(batch.clone())),
            _ => self.content.take(),
        }
    }

    /// Takes its sealed records back. Returns how much memory that frees.
    pub(super) fn sealed(&mut self, batch: SealedBatch) -> usize {
        let less = self.charged.saturating_sub(batch.size());
        self.charged -= less;
        self.content = Some(Content::Sealed(batch));
        less
    }

    pub(super) fn is_being_sealed(&self) -> bool {
        self.content.is_none()
    }

    pub(super) fn is_in_flight(&self) -> bool {
        self.state != BatchState::Queued
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.state == BatchState::GivenUp
    }

    /// Returns when it may be sent; `None` is at once.
    pub(super) fn ready_at(&self) -> Option<Instant> {
        let open = matches!(self.content, Some(Content::Open(_)));
        let lingers = (open && !self.hurried).then_some(self.lingers_until);
        lingers.max(self.resume_at)
    }

    /// Returns the memory of its records, if they were sent, and the completions of later batches
    /// that wait for this one.
    pub(super) fn into_parts(self) -> (Option<Bytes>, Vec<Completion<W>>) {
        let memory = match self.content {
            Some(Content::Sealed(batch)) => batch.into_memory(),
            _ => None,
        };
        (memory, self.held_completions)
    }

    /// Ends it: removes the waiters, which complete with the outcome.
    pub(super) fn end(&mut self, outcome: Result<Stored, Error>) -> Completion<W> {
        Completion {
            ticket: self.ticket,
            deadline: self.deadline,
            count: self.count,
            record_bytes: self.record_bytes(),
            waiting: std::mem::take(&mut self.waiting),
            outcome,
        }
    }
}

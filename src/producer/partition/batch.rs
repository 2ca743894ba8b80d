//! A batch on its way: open, whole, in flight, and perhaps back for another try.

use std::time::Instant;

use bytes::Bytes;

use crate::error::{Error, ErrorCode};
use crate::producer::sequence::Sequence;
use crate::producer::settled::{Stored, Waiting, Who};
use crate::producer::ticket::Ticket;
use crate::record::{BATCH_OVERHEAD, BatchBuilder, Record, SealedBatch};

#[derive(Debug)]
pub(in crate::producer) struct Batch<W> {
    /// Names this very batch: the parts of a split one share their ticket.
    pub(super) serial: u64,
    pub(super) ticket: Ticket,
    pub(super) content: Option<Content>,
    pub(super) count: i32,
    /// What it takes of the memory.
    pub(super) charged: usize,
    pub(super) waiting: Vec<Waiting<W>>,
    /// When its time is over, counted from its first record.
    pub(super) deadline: Instant,
    /// When it leaves although it is not full.
    pub(super) lingers_until: Instant,
    /// Leaves as soon as it can. Until then it takes what comes: while a broker cannot be
    /// reached, that may be much.
    pub(super) hurried: bool,
    pub(super) intake: Intake,
    pub(super) progress: Progress,
    /// Given when it is first sent, and kept for as long as its epoch lasts.
    pub(super) sequence: Option<Sequence>,
    /// How many batches behind it were acknowledged while it was not. It is stored, then, and
    /// brokers must not forget it before it is sent again.
    pub(super) overtaken: usize,
    /// How often it was sent.
    pub(super) tries: u32,
    /// How often it came back. Parts of a split one take that over, unlike its tries.
    pub(super) failures: u32,
    /// Not to be sent before: the pause after a failure.
    pub(super) resume_at: Option<Instant>,
    /// An earlier try may have been stored.
    pub(super) maybe_written: bool,
    /// What an earlier try came back with.
    pub(super) last_failure: Option<(ErrorCode, Option<String>)>,
    /// Later batches of its partition that have ended, oldest first: their waiters complete
    /// after its own.
    pub(super) behind: Vec<Ended<W>>,
}

/// A batch, or a record of one, that has ended and whose waiters have not completed.
#[derive(Debug)]
pub(in crate::producer) struct Ended<W> {
    pub(in crate::producer) ticket: Ticket,
    pub(in crate::producer) deadline: Instant,
    pub(in crate::producer) count: i32,
    /// How large its records were without compression.
    pub(in crate::producer) record_bytes: usize,
    pub(in crate::producer) waiting: Vec<Waiting<W>>,
    pub(in crate::producer) outcome: Result<Stored, Error>,
}

/// A batch that was taken out of its queue, with its place in it.
#[derive(Debug)]
pub(in crate::producer) struct Taken<W> {
    pub(in crate::producer) index: usize,
    pub(in crate::producer) batch: Batch<W>,
}

/// Whether it takes more records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intake {
    Open,
    Closed,
    /// None, and none may be taken out of it either.
    Whole,
}

/// How far it got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It waits for its turn, the first or another.
    Queued,
    /// It was sent, and the answer is to come.
    InFlight,
    /// The same, but its waiters have completed with an error: its time was over, or it was purged.
    /// It keeps its place in the queue until the answer is there.
    GivenUp,
}

/// A batch's records.
#[derive(Debug)]
pub enum Content {
    /// Not sealed yet: the driver seals it, and hands it back.
    Open(BatchBuilder),
    /// As they are sent.
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
            progress: Progress::Queued,
            sequence: None,
            overtaken: 0,
            tries: 0,
            failures: 0,
            resume_at: None,
            maybe_written: false,
            last_failure: None,
            behind: Vec::new(),
        }
    }

    /// Appends a record if it still takes some and this one fits; any record fits into an empty
    /// batch. Says how many bytes it took, and whether the batch is full now; or gives back who
    /// waits.
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

    /// How many wait for its records.
    pub(super) fn waiters(&self) -> usize {
        self.waiting.len()
    }

    /// Has it leave as soon as it can; says whether that is news.
    pub(super) fn hurry(&mut self) -> bool {
        !std::mem::replace(&mut self.hurried, true)
    }

    /// The same, with what it holds now.
    pub(super) fn close(&mut self) {
        self.hurried = true;
        if self.intake == Intake::Open {
            self.intake = Intake::Closed;
        }
    }

    /// The same, for ever: its records are stored together or not at all.
    pub(in crate::producer) fn close_whole(&mut self) {
        self.close();
        self.intake = Intake::Whole;
    }

    pub(super) fn is_whole(&self) -> bool {
        self.intake == Intake::Whole
    }

    /// What it takes of the memory.
    pub(in crate::producer) fn charged(&self) -> usize {
        self.charged
    }

    pub(in crate::producer) fn ticket(&self) -> Ticket {
        self.ticket
    }

    pub(in crate::producer) fn sequence(&self) -> Option<Sequence> {
        self.sequence
    }

    /// How often it came back.
    pub(in crate::producer) fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether an earlier try may have been stored.
    pub(in crate::producer) fn is_maybe_written(&self) -> bool {
        self.maybe_written
    }

    /// What the last try came back with.
    pub(in crate::producer) fn last_failure(&self) -> Option<(ErrorCode, Option<&str>)> {
        self.last_failure.as_ref().map(|(code, said)| (*code, said.as_deref()))
    }

    /// Takes over the ends that wait for a batch of which this is the whole, or the last part.
    pub(in crate::producer) fn inherit(&mut self, from: &mut Self) {
        self.behind = from.take_behind();
    }

    /// Takes the ends of later batches that wait for this one.
    pub(in crate::producer) fn take_behind(&mut self) -> Vec<Ended<W>> {
        std::mem::take(&mut self.behind)
    }

    /// Its waiters have completed, each with an end of its own.
    pub(in crate::producer) fn mark_given_up(&mut self) {
        self.progress = Progress::GivenUp;
    }

    /// How many records it holds.
    pub(in crate::producer) fn count(&self) -> i32 {
        self.count
    }

    /// How large it is, as far as that is known: compression may make less of it.
    pub(in crate::producer) fn size(&self) -> usize {
        self.content.as_ref().map_or(self.charged, Content::size)
    }

    /// How large its records are without compression, once it was sent and is sealed.
    fn record_bytes(&self) -> usize {
        let size = match &self.content {
            Some(Content::Sealed(batch)) => batch.uncompressed_size(),
            _ => self.charged,
        };
        size.saturating_sub(BATCH_OVERHEAD)
    }

    /// Hands its records out to be sent. Records that are not sealed come back by
    /// [`Self::sealed`].
    pub(super) fn send(&mut self) -> Option<Content> {
        self.progress = Progress::InFlight;
        self.tries += 1;
        match &self.content {
            Some(Content::Sealed(batch)) => Some(Content::Sealed(batch.clone())),
            _ => self.content.take(),
        }
    }

    /// Takes its records back, sealed, and says how much memory that sets free.
    pub(super) fn sealed(&mut self, batch: SealedBatch) -> usize {
        let less = self.charged.saturating_sub(batch.size());
        self.charged -= less;
        self.content = Some(Content::Sealed(batch));
        less
    }

    /// Whether its records were handed out and are not back yet.
    pub(super) fn is_being_sealed(&self) -> bool {
        self.content.is_none()
    }

    pub(super) fn is_in_flight(&self) -> bool {
        self.progress != Progress::Queued
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.progress == Progress::GivenUp
    }

    /// From when on it may be sent; `None` is at once.
    pub(super) fn ready_at(&self) -> Option<Instant> {
        let open = matches!(self.content, Some(Content::Open(_)));
        let lingers = (open && !self.hurried).then_some(self.lingers_until);
        lingers.max(self.resume_at)
    }

    /// Gives back the memory of its records, if they were sent, and the ends of later batches that
    /// wait for this one.
    pub(super) fn into_parts(self) -> (Option<Bytes>, Vec<Ended<W>>) {
        let memory = match self.content {
            Some(Content::Sealed(batch)) => batch.into_memory(),
            _ => None,
        };
        (memory, self.behind)
    }

    /// Ends it: takes the waiters, which complete with the outcome.
    pub(super) fn end(&mut self, outcome: Result<Stored, Error>) -> Ended<W> {
        Ended {
            ticket: self.ticket,
            deadline: self.deadline,
            count: self.count,
            record_bytes: self.record_bytes(),
            waiting: std::mem::take(&mut self.waiting),
            outcome,
        }
    }
}

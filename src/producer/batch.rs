//! A batch on its way: open, whole, in flight, and perhaps back for another try.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::time::Instant;

use bytes::Bytes;

use super::sequence::Sequence;
use super::settled::{Stored, Waiting, Who};
use crate::error::{Error, ErrorCode};
use crate::record::{
    BATCH_OVERHEAD, BatchBuilder, Compressor, Decompressor, InvalidBatch, Record, SealedBatch,
};

/// Grows with every batch and every record that waits: who holds a smaller ticket was handed
/// over earlier.
pub type Ticket = u64;

/// Makes of one who waits for several records one who waits for all but so many of them.
pub type Rest<W> = fn(&W, i32) -> W;

/// What it takes to cut up a batch that may be compressed.
#[derive(Debug, Default)]
pub(super) struct Codecs {
    compressor: Compressor,
    decompressor: Decompressor,
}

#[derive(Debug)]
pub(super) struct Batch<W> {
    /// Names this very batch: the parts of a split one share their ticket.
    pub(super) serial: u64,
    pub(super) ticket: Ticket,
    content: Option<Content>,
    count: i32,
    /// What it takes of the memory.
    pub(super) charged: usize,
    waiting: Vec<Waiting<W>>,
    /// When its time is over, counted from its first record.
    pub(super) deadline: Instant,
    /// When it leaves although it is not full.
    lingers_until: Instant,
    /// Leaves as soon as it can. Until then it takes what comes: while a broker cannot be
    /// reached, that may be much.
    hurried: bool,
    intake: Intake,
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
    /// Later batches of its partition that have ended, oldest first: their waiters are told after
    /// its own.
    pub(super) behind: Vec<Ended<W>>,
}

/// A batch, or a record of one, that has ended and whose waiters have not been told.
#[derive(Debug)]
pub(super) struct Ended<W> {
    pub(super) ticket: Ticket,
    pub(super) deadline: Instant,
    pub(super) count: i32,
    /// How large its records were without compression.
    pub(super) record_bytes: usize,
    pub(super) waiting: Vec<Waiting<W>>,
    pub(super) outcome: Result<Stored, Error>,
}

/// Whether it takes more records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intake {
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
    /// The same, but its waiters have been told that it failed: its time was over, or it was
    /// purged. It keeps its place in line until the answer is there.
    GivenUp,
}

/// A batch's records.
#[derive(Debug)]
pub enum Content {
    /// Not sealed yet: whoever sends it seals it, and hands it back.
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
    pub(super) fn open(
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
    pub(super) fn append<N: Who<W>>(
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
    pub(super) fn close_whole(&mut self) {
        self.close();
        self.intake = Intake::Whole;
    }

    pub(super) fn is_whole(&self) -> bool {
        self.intake == Intake::Whole
    }

    /// How many records it holds.
    pub(super) fn count(&self) -> i32 {
        self.count
    }

    /// How large it is, as far as that is known: compression may make less of it.
    pub(super) fn size(&self) -> usize {
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

    /// Cuts it up into batches of at most `target` bytes. The parts get serial numbers from `serial`
    /// on. A waiter for records of several parts is cut up by `rest`.
    pub(super) fn split(
        &mut self,
        target: usize,
        serial: u64,
        codecs: &mut Codecs,
        rest: Rest<W>,
    ) -> Result<Vec<Self>, InvalidBatch> {
        let Codecs { compressor, decompressor } = codecs;
        let parts = self.as_sent().split(target, compressor, decompressor)?;
        let mut waiting = VecDeque::from(std::mem::take(&mut self.waiting));
        let mut first = 0;
        let parts = parts.into_iter().zip(serial..).map(|(part, serial)| {
            let end = first + part.count();
            let mine = waiting_for(&mut waiting, first..end, rest);
            let sequence = self.sequence.map(|sequence| sequence.after(first));
            first = end;
            self.part(part, serial, mine, sequence)
        });
        Ok(parts.collect())
    }

    /// Takes some of its records out, in order: what is left between them are batches, and each
    /// record taken out is an end of its own, with the error that `refused` gives for its index.
    /// Parts get serial numbers as in [`Self::split`], and sequence numbers without gaps.
    pub(super) fn take_out(
        &mut self,
        refused: &BTreeMap<i32, Error>,
        serial: u64,
        codecs: &mut Codecs,
        rest: Rest<W>,
    ) -> Result<Vec<Piece<W>>, InvalidBatch> {
        let bounds: Vec<i32> = refused.keys().copied().chain([self.count]).collect();
        let starts = [0].into_iter().chain(refused.keys().map(|index| index + 1));
        let ranges: Vec<Range<i32>> =
            starts.zip(&bounds).map(|(start, end)| start..*end).filter(|r| !r.is_empty()).collect();
        let Codecs { compressor, decompressor } = codecs;
        let parts = self.as_sent().select(&ranges, compressor, decompressor)?;
        let mut parts = ranges.into_iter().zip(parts).zip(serial..).peekable();
        let mut waiting = VecDeque::from(std::mem::take(&mut self.waiting));
        let (mut pieces, mut kept) = (Vec::new(), 0);
        for bound in bounds {
            if let Some(((range, part), serial)) =
                parts.next_if(|((range, _), _)| range.end == bound)
            {
                let mine = waiting_for(&mut waiting, range, rest);
                let sequence = self.sequence.map(|sequence| sequence.after(kept));
                kept += part.count();
                // What was refused for others is no failure of its own.
                let part = Self { last_failure: None, ..self.part(part, serial, mine, sequence) };
                pieces.push(Piece::Kept(part));
            }
            if let Some(error) = refused.get(&bound) {
                let waiting = waiting_for(&mut waiting, bound..bound + 1, rest);
                pieces.push(Piece::Refused(self.end_of(waiting, error)));
            }
        }
        Ok(pieces)
    }

    /// Ends it, with an error of their own for some of its records.
    pub(super) fn end_apart(
        &mut self,
        refused: &BTreeMap<i32, Error>,
        others: &Error,
        rest: Rest<W>,
    ) -> Vec<Ended<W>> {
        let mut waiting = VecDeque::from(std::mem::take(&mut self.waiting));
        let mut ends = Vec::new();
        let mut first = 0;
        for (index, error) in refused {
            ends.extend((first < *index).then_some((first..*index, others)));
            ends.push((*index..index + 1, error));
            first = index + 1;
        }
        ends.extend((first < self.count).then_some((first..self.count, others)));
        let end = |(range, error): (Range<i32>, &Error)| {
            let count = range.len() as i32;
            Ended { count, ..self.end_of(waiting_for(&mut waiting, range, rest), error) }
        };
        ends.into_iter().map(end).collect()
    }

    /// A record of it that has failed, with its waiter.
    fn end_of(&self, waiting: Vec<Waiting<W>>, error: &Error) -> Ended<W> {
        Ended {
            ticket: self.ticket,
            deadline: self.deadline,
            count: 1,
            record_bytes: 0,
            waiting,
            outcome: Err(error.clone()),
        }
    }

    fn as_sent(&self) -> &SealedBatch {
        let Some(Content::Sealed(whole)) = &self.content else {
            unreachable!("only a batch that was sent can be refused");
        };
        whole
    }

    /// A part of it, to be sent in its place.
    fn part(
        &self,
        part: SealedBatch,
        serial: u64,
        waiting: Vec<Waiting<W>>,
        sequence: Option<Sequence>,
    ) -> Self {
        Self {
            serial,
            ticket: self.ticket,
            count: part.count(),
            charged: part.size(),
            content: Some(Content::Sealed(part)),
            waiting,
            deadline: self.deadline,
            lingers_until: self.lingers_until,
            hurried: true,
            intake: Intake::Closed,
            progress: Progress::Queued,
            sequence,
            overtaken: self.overtaken,
            tries: 0,
            failures: self.failures,
            resume_at: None,
            maybe_written: self.maybe_written,
            last_failure: self.last_failure.clone(),
            behind: Vec::new(),
        }
    }

    /// Gives back the memory of its records, if they were sent.
    pub(super) fn into_memory(self) -> Option<Bytes> {
        match self.content {
            Some(Content::Sealed(batch)) => batch.into_memory(),
            _ => None,
        }
    }

    /// Ends it: takes the waiters, who are to be told the outcome.
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

/// What is left of a batch that records were taken out of.
#[derive(Debug)]
pub(super) enum Piece<W> {
    Kept(Batch<W>),
    Refused(Ended<W>),
}

/// Takes the waiters for a range of records off the front, which begins there; they count from its
/// start.
fn waiting_for<W>(
    waiting: &mut VecDeque<Waiting<W>>,
    range: Range<i32>,
    rest: Rest<W>,
) -> Vec<Waiting<W>> {
    let mut mine = Vec::new();
    while waiting.front().is_some_and(|next| next.index < range.end)
        && let Some(mut next) = waiting.pop_front()
    {
        let here = next.count.min(range.end - next.index);
        if here < next.count {
            let index = next.index + here;
            let waiter = rest(&next.waiter, here);
            waiting.push_front(Waiting { index, count: next.count - here, waiter, ..next });
            next.count = here;
        }
        next.index -= range.start;
        mine.push(next);
    }
    mine
}

//! A batch on its way: open, sealed, in flight, and perhaps back for another try.

use std::time::Instant;

use super::settled::Waiting;
use crate::error::ErrorCode;
use crate::record::{BatchBuilder, Compression, Compressor, Record, SealedBatch};

/// Grows with every batch and every record that waits for its topic: who holds a smaller
/// ticket was handed over earlier.
pub(super) type Ticket = u64;

#[derive(Debug)]
pub(super) struct Batch<W> {
    pub(super) ticket: Ticket,
    content: Content,
    count: i32,
    waiting: Vec<Waiting<W>>,
    /// When its time is over, counted from its first record.
    pub(super) deadline: Instant,
    /// When it leaves although it is not full.
    lingers_until: Instant,
    /// Takes no more records and leaves as soon as it can.
    hurried: bool,
    /// How often it came back.
    pub(super) failures: u32,
    /// Not to be sent before: the pause after a failure.
    pub(super) resume_at: Option<Instant>,
    pub(super) progress: Progress,
    /// An earlier try may have been stored.
    pub(super) maybe_written: bool,
    /// What an earlier try came back with.
    pub(super) last_failure: Option<(ErrorCode, Option<String>)>,
}

/// How far it got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It waits for its turn, the first or another.
    Queued,
    /// It was sent, and the answer is to come.
    InFlight,
    /// The same, but its time is over: its waiters have been told, and it keeps its place in
    /// line until the answer is there.
    Expired,
}

#[derive(Debug)]
enum Content {
    Open(BatchBuilder),
    Sealed(SealedBatch),
}

impl<W> Batch<W> {
    pub(super) fn open(
        ticket: Ticket,
        capacity: usize,
        deadline: Instant,
        lingers_until: Instant,
    ) -> Self {
        Self {
            ticket,
            content: Content::Open(BatchBuilder::with_capacity(capacity)),
            count: 0,
            waiting: Vec::new(),
            deadline,
            lingers_until,
            hurried: false,
            failures: 0,
            resume_at: None,
            progress: Progress::Queued,
            maybe_written: false,
            last_failure: None,
        }
    }

    /// Whether `record` still fits; any record fits into an empty batch.
    pub(super) fn takes(&self, record: &Record<'_>, batch_size: usize) -> bool {
        match &self.content {
            Content::Sealed(_) => false,
            Content::Open(_) if self.hurried => false,
            Content::Open(builder) => {
                builder.count() == 0 || builder.size() + builder.size_of(record) <= batch_size
            }
        }
    }

    /// Appends a record, says how many bytes it took, and whether the batch is full now.
    pub(super) fn append(
        &mut self,
        record: &Record<'_>,
        waiter: Option<W>,
        batch_size: usize,
    ) -> (usize, bool) {
        let Content::Open(builder) = &mut self.content else {
            unreachable!("`takes` said that the batch is open");
        };
        let before = builder.size();
        let index = builder.append(record);
        self.count = builder.count();
        if let Some(waiter) = waiter {
            self.waiting.push(Waiting { index, timestamp: record.timestamp, waiter });
        }
        let full = builder.size() >= batch_size;
        self.hurried |= full;
        (builder.size() - before, full)
    }

    pub(super) fn hurry(&mut self) {
        self.hurried = true;
    }

    /// How many records it holds.
    pub(super) fn count(&self) -> i32 {
        self.count
    }

    /// Itself as it is sent; the first call seals it.
    pub(super) fn seal(&mut self) -> SealedBatch {
        if let Content::Open(builder) = &mut self.content {
            let builder = std::mem::replace(builder, BatchBuilder::with_capacity(0));
            self.content = Content::Sealed(builder.seal(Compression::NONE, &mut Compressor::new()));
        }
        match &self.content {
            Content::Sealed(batch) => batch.clone(),
            Content::Open(_) => unreachable!("just sealed"),
        }
    }

    pub(super) fn size(&self) -> usize {
        match &self.content {
            Content::Open(builder) => builder.size(),
            Content::Sealed(batch) => batch.size(),
        }
    }

    pub(super) fn is_in_flight(&self) -> bool {
        self.progress != Progress::Queued
    }

    /// From when on it may be sent; `None` is at once.
    pub(super) fn ready_at(&self) -> Option<Instant> {
        let sealed = matches!(self.content, Content::Sealed(_));
        let lingers = (!sealed && !self.hurried).then_some(self.lingers_until);
        lingers.max(self.resume_at)
    }

    /// Those who wait; whoever takes them settles them.
    pub(super) fn take_waiting(&mut self) -> Vec<Waiting<W>> {
        std::mem::take(&mut self.waiting)
    }
}

//! What became of records and calls, on its way to those who wait.

use std::sync::Arc;

use crate::error::Error;

/// Something that ended; each waiter `W` appears in exactly one.
#[derive(Debug)]
pub enum Settled<W> {
    /// Records that shared a batch, and so its outcome.
    Batch(SettledBatch<W>),
    /// A call such as ping or flush.
    Call {
        /// Who waits.
        waiter: W,
        /// How it ended.
        result: Result<(), Error>,
    },
}

/// A batch's outcome, and the waiters of its records.
#[derive(Debug)]
pub struct SettledBatch<W> {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition; −1 if none was chosen yet.
    pub partition: i32,
    /// Where it is stored, or why it is not.
    pub outcome: Result<Stored, Error>,
    /// Who waits, in the order of the records.
    pub waiting: Vec<Waiting<W>>,
    /// How many of its records have no waiter.
    pub unclaimed: usize,
}

/// Where a batch is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The offset of its first record.
    pub base_offset: i64,
    /// The broker's clock, where the topic keeps that instead of the records' own timestamps.
    pub log_append_time: Option<i64>,
}

/// Where one record is stored, and when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPlace {
    /// The offset; −1 if the broker did not say.
    pub offset: i64,
    /// Its own timestamp, or the broker's clock where the topic keeps that.
    pub timestamp: i64,
}

impl Stored {
    /// The place of the first record of a waiter.
    pub fn first_place_of<W>(self, waiting: &Waiting<W>) -> RecordPlace {
        let timestamp = self.log_append_time.unwrap_or(waiting.timestamp);
        let place = RecordPlace { offset: self.base_offset, timestamp };
        place.after(waiting.index as u32)
    }

    /// The place of a waiter's only record.
    pub fn place_of<W>(self, waiting: &Waiting<W>) -> RecordPlace {
        debug_assert_eq!(waiting.count, 1, "who waits for several is told of each");
        self.first_place_of(waiting)
    }
}

impl RecordPlace {
    /// Where the record is that comes so many behind this one in its batch.
    #[must_use]
    pub fn after(self, behind: u32) -> Self {
        let offset = match self.offset {
            -1 => -1,
            offset => offset + i64::from(behind),
        };
        Self { offset, ..self }
    }
}

/// Someone who waits for one record of a batch, or for several in a row.
#[derive(Debug)]
pub struct Waiting<W> {
    /// Which record of the batch is the first.
    pub index: i32,
    /// How many there are.
    pub count: i32,
    /// The records' own timestamp.
    pub timestamp: i64,
    /// Who waits.
    pub waiter: W,
}

/// Makes of one who waits for several records one who waits for all but so many of them.
pub type Rest<W> = fn(&W, i32) -> W;

/// A waiter for a record, made only if need be: the waiter of the record before often waits for
/// this one as well, as in a call that hands over many.
pub trait Who<W>: Sized {
    /// Whether `waiter`, who waits for so many records already, may wait for this one as well.
    fn is_next_of(&self, waiter: &W, count: i32) -> bool;

    /// Makes the waiter; `None` if no caller waits.
    fn make(self) -> Option<W>;
}

impl<W> Who<W> for Option<W> {
    fn is_next_of(&self, _waiter: &W, _count: i32) -> bool {
        false
    }

    fn make(self) -> Self {
        self
    }
}

/// How many records a batch's waiters wait for.
pub(super) fn waited_for<W>(waiting: &[Waiting<W>]) -> usize {
    waiting.iter().map(|waiting| waiting.count as usize).sum()
}

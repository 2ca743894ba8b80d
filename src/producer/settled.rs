//! Results of records and calls, on the way to their waiters.

use std::sync::Arc;

use crate::error::Error;

/// A result; each waiter `W` appears in exactly one.
#[derive(Debug)]
pub enum Settled<W> {
    /// Records that shared a batch, and so its outcome.
    Batch(SettledBatch<W>),
    Call {
        waiter: W,
        /// `Err` if it failed or was not answered in time.
        result: Result<(), Error>,
    },
}

/// A batch's outcome, and the waiters of its records.
#[derive(Debug)]
pub struct SettledBatch<W> {
    pub topic: Arc<str>,
    /// −1 if none was chosen yet.
    pub partition: i32,
    /// Where it is stored, or why it is not.
    pub outcome: Result<Stored, Error>,
    /// Waiters in the order of the records.
    pub waiting: Vec<Waiting<W>>,
    /// Number of records without a waiter.
    pub unclaimed: usize,
}

/// Where a batch is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The offset of its first record; −1 if the broker did not say.
    pub base_offset: i64,
    /// The broker's clock, if the topic stores that instead of the records' own timestamps.
    pub log_append_time: Option<i64>,
}

/// Where one record is stored, and its timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordPlace {
    /// −1 if the broker did not say.
    pub offset: i64,
    /// The record's own, or the broker's clock if the topic stores that.
    pub timestamp: i64,
}

impl Stored {
    pub fn first_place_of<W>(self, waiting: &Waiting<W>) -> RecordPlace {
        let timestamp = self.log_append_time.unwrap_or(waiting.timestamp);
        let place = RecordPlace { offset: self.base_offset, timestamp };
        place.after(waiting.index as u32)
    }

    pub fn place_of<W>(self, waiting: &Waiting<W>) -> RecordPlace {
        debug_assert_eq!(waiting.count, 1, "who waits for several is told of each");
        self.first_place_of(waiting)
    }
}

impl RecordPlace {
    /// Returns the place of the record that is `behind` records later in the batch.
    #[must_use]
    pub fn after(self, behind: u32) -> Self {
        let offset = match self.offset {
            -1 => -1,
            offset => offset + i64::from(behind),
        };
        Self { offset, ..self }
    }
}

/// A waiter for one record of a batch, or for several in a row.
#[derive(Debug)]
pub struct Waiting<W> {
    /// Index of the first record in the batch.
    pub index: i32,
    pub count: i32,
    /// The timestamp that all of the records have.
    pub timestamp: i64,
    pub waiter: W,
}

/// Returns a waiter for all records of a waiter except the first ones, whose number is the
/// argument.
pub type Rest<W> = fn(&W, i32) -> W;

/// Creates a record's waiter only if needed: the waiter of the previous record often waits for this
/// one as well, as in a call that hands over many.
pub trait Who<W>: Sized {
    /// Returns whether `waiter`, which waits for `count` records already, can wait for this one
    /// too.
    fn is_next_of(&self, waiter: &W, count: i32) -> bool;

    /// Creates the waiter; `None` if no caller waits.
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

/// Returns the number of records that have a waiter.
pub(super) fn waited_for<W>(waiting: &[Waiting<W>]) -> usize {
    waiting.iter().map(|waiting| waiting.count as usize).sum()
}

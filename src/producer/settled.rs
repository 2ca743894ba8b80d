//! What became of records and calls, on its way to those who wait.

use std::sync::Arc;

use crate::error::Error;

/// Something that ended; each waiter `W` appears in exactly one.
#[derive(Debug)]
pub enum Settled<W> {
    /// Records that shared a batch, and so their fate.
    Batch(SettledBatch<W>),
    /// A call such as start or flush.
    Call {
        /// Who waits.
        waiter: W,
        /// How it ended.
        result: Result<(), Error>,
    },
}

/// A batch's fate, and those of its records that somebody waits for.
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
    /// How many of its records nobody waits for.
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
    /// The offset; −1 if no broker told.
    pub offset: i64,
    /// Its own timestamp, or the broker's clock where the topic keeps that.
    pub timestamp: i64,
}

impl Stored {
    /// Where one of the batch's records is.
    pub fn place_of<W>(&self, waiting: &Waiting<W>) -> RecordPlace {
        let offset = match self.base_offset {
            -1 => -1,
            base => base + i64::from(waiting.index),
        };
        RecordPlace { offset, timestamp: self.log_append_time.unwrap_or(waiting.timestamp) }
    }
}

/// Someone who waits for one record of a batch.
#[derive(Debug)]
pub struct Waiting<W> {
    /// Which record of the batch.
    pub index: i32,
    /// The record's own timestamp.
    pub timestamp: i64,
    /// Who waits.
    pub waiter: W,
}

//! Results of records and calls, until the driver fetches them. Each waiter passes through here
//! once, and only this module creates a [`Settled`].

use std::collections::VecDeque;
use std::sync::Arc;

use super::settled::{Settled, SettledBatch, Stored, Waiting, waited_for};
use crate::error::{Error, Result};

#[derive(Debug)]
pub(super) struct Results<W> {
    settled: VecDeque<Settled<W>>,
    /// Number of batches and waiting records that have ended.
    progress: u64,
    /// Number of records dropped because the producer was closed or has panicked.
    abandoned: usize,
}

impl<W> Default for Results<W> {
    fn default() -> Self {
        Self { settled: VecDeque::new(), progress: 0, abandoned: 0 }
    }
}

impl<W> Results<W> {
    pub(super) fn batch(
        &mut self,
        topic: Arc<str>,
        partition: i32,
        outcome: Result<Stored>,
        waiting: Vec<Waiting<W>>,
        count: i32,
    ) {
        let outcome = outcome.map_err(|error| error.topic(&topic).partition(partition));
        let unclaimed = (count as usize).saturating_sub(waited_for(&waiting));
        self.push(SettledBatch { topic, partition, outcome, waiting, unclaimed });
    }

    /// Adds a record that failed before it was in a batch.
    pub(super) fn refused(
        &mut self,
        topic: Arc<str>,
        partition: Option<i32>,
        timestamp: i64,
        waiter: Option<W>,
        error: Error,
    ) {
        let mut error = error.topic(&topic);
        if let Some(partition) = partition {
            error = error.partition(partition);
        }
        let waiting = waiter.map(|waiter| Waiting { index: 0, count: 1, timestamp, waiter });
        self.push(SettledBatch {
            topic,
            partition: partition.unwrap_or(-1),
            outcome: Err(error),
            unclaimed: usize::from(waiting.is_none()),
            waiting: waiting.into_iter().collect(),
        });
    }

    fn push(&mut self, batch: SettledBatch<W>) {
        self.progress += 1;
        self.settled.push_back(Settled::Batch(batch));
    }

    /// Adds the result of a call such as start or flush.
    pub(super) fn call(&mut self, waiter: W, result: Result<()>) {
        self.settled.push_back(Settled::Call { waiter, result });
    }

    pub(super) fn pop(&mut self) -> Option<Settled<W>> {
        self.settled.pop_front()
    }

    pub(super) fn abandon(&mut self, records: usize) {
        self.abandoned += records;
    }

    pub(super) fn abandoned(&self) -> usize {
        self.abandoned
    }

    /// Grows whenever a batch or a waiting record ends.
    pub(super) fn progress(&self) -> u64 {
        self.progress
    }
}

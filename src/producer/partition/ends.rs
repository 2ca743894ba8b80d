//! The ends of batches. A partition's waiters complete in the order of its records. If a batch ends
//! before an older one, its waiters wait for that one, but not beyond their own deadline.

use std::time::Instant;

use bytes::Bytes;

use super::Partition;
use super::batch::{Batch, BatchState, Completion, Taken};
use crate::error::{Error, Result};
use crate::producer::settled::Stored;

/// The remains of a batch that has ended, for the machine.
#[derive(Debug)]
pub(in crate::producer) struct BatchRemainder<W> {
    /// Bytes to release from the buffer memory.
    pub(in crate::producer) charged: usize,
    pub(in crate::producer) records: usize,
    /// Its own completion, if its waiters complete now.
    pub(in crate::producer) completion: Option<Completion<W>>,
    /// Completions of later batches that waited for it and complete now.
    pub(in crate::producer) released: Vec<Completion<W>>,
    /// The memory of its records, for reuse.
    pub(in crate::producer) memory: Option<Bytes>,
}

impl<W> Partition<W> {
    /// Returns the last batch before an index whose waiters have not completed.
    fn open_before(&mut self, index: usize) -> Option<&mut Batch<W>> {
        self.queue.range_mut(..index).rev().find(|batch| !batch.is_given_up())
    }

    /// Holds the completion of a batch that was at an index of the queue, until older batches have
    /// ended. Returns it if its waiters complete now.
    #[inline]
    pub(in crate::producer) fn end(
        &mut self,
        now: Instant,
        index: usize,
        completion: Completion<W>,
    ) -> Option<Completion<W>> {
        match self.open_before(index) {
            Some(older) if completion.deadline > now => {
                older.held_completions.push(completion);
                None
            }
            _ => Some(completion),
        }
    }

    /// The same for a record that is in no batch: it comes after all that are.
    pub(in crate::producer) fn end_last(
        &mut self,
        now: Instant,
        completion: Completion<W>,
    ) -> Option<Completion<W>> {
        self.end(now, self.queue.len(), completion)
    }

    /// Ends a batch that was removed from the queue.
    #[inline]
    pub(super) fn settle(
        &mut self,
        now: Instant,
        taken: Taken<W>,
        outcome: Result<Stored>,
    ) -> BatchRemainder<W> {
        let Taken { index, mut batch } = taken;
        let (charged, records) = (batch.charged, batch.count() as usize);
        let own = if batch.is_given_up() { None } else { Some(batch.end(outcome)) };
        // Nearly every batch is the oldest, and waits for no other.
        let completion =
            if index == 0 { own } else { own.and_then(|own| self.end(now, index, own)) };
        let (memory, mut released) = batch.into_parts();
        if !released.is_empty() {
            released = self.end_all(now, index, released);
        }
        BatchRemainder { charged, records, completion, released, memory }
    }

    fn end_all(
        &mut self,
        now: Instant,
        index: usize,
        completions: Vec<Completion<W>>,
    ) -> Vec<Completion<W>> {
        completions.into_iter().filter_map(|completion| self.end(now, index, completion)).collect()
    }

    pub(in crate::producer) fn fail(
        &mut self,
        now: Instant,
        taken: Taken<W>,
        error: Error,
    ) -> BatchRemainder<W> {
        self.leave_in_doubt(&taken.batch);
        self.settle(now, taken, Err(error))
    }

    /// Fails the waiters of a batch in flight. The batch keeps its place in the queue, and its
    /// memory, until the answer arrives.
    pub(in crate::producer) fn give_up(
        &mut self,
        now: Instant,
        index: usize,
        error: Error,
    ) -> BatchRemainder<W> {
        let batch = &mut self.queue[index];
        batch.state = BatchState::GivenUp;
        let records = batch.count() as usize;
        let own = batch.end(Err(error));
        let released = std::mem::take(&mut batch.held_completions);
        let completion = self.end(now, index, own);
        let released = self.end_all(now, index, released);
        BatchRemainder { charged: 0, records, completion, released, memory: None }
    }

    /// Returns the first expired batch whose waiters have not completed: its index, and whether it
    /// is in flight.
    pub(in crate::producer) fn next_expired(&self, now: Instant) -> Option<(usize, bool)> {
        let expired = |batch: &Batch<W>| !batch.is_given_up() && batch.deadline <= now;
        let index = self.queue.iter().position(expired)?;
        Some((index, self.queue[index].is_in_flight()))
    }

    /// Removes a batch that is not in flight from the queue.
    pub(in crate::producer) fn take_queued(&mut self, index: usize) -> Option<Taken<W>> {
        let batch = self.queue.remove(index)?;
        debug_assert!(!batch.is_in_flight(), "its answer is still to come");
        Some(Taken { index, batch })
    }

    /// Removes the completions of batches that have expired while older ones have not ended.
    pub(in crate::producer) fn take_overdue(&mut self, now: Instant) -> Vec<Completion<W>> {
        if self.early.first().is_none_or(|first| *first > now) {
            return Vec::new();
        }
        self.early.retain(|deadline| *deadline > now);
        let overdue = self
            .queue
            .iter_mut()
            .flat_map(|batch| batch.held_completions.extract_if(.., |held| held.deadline <= now));
        overdue.collect()
    }

    /// Fails every batch that is not in flight. `error` returns the error for a batch; its argument
    /// is whether the batch may have been written.
    pub(in crate::producer) fn drop_queued(
        &mut self,
        now: Instant,
        error: impl Fn(bool) -> Error,
    ) -> Vec<BatchRemainder<W>> {
        let (mut index, mut removed) = (0, Vec::new());
        while let Some(batch) = self.queue.get(index) {
            if batch.is_in_flight() {
                index += 1;
            } else if let Some(taken) = self.take_queued(index) {
                let error = error(taken.batch.maybe_written);
                removed.push(self.fail(now, taken, error));
            }
        }
        removed
    }

    pub(in crate::producer) fn give_up_in_flight(
        &mut self,
        now: Instant,
        error: &Error,
    ) -> Vec<BatchRemainder<W>> {
        let in_flight = |(index, batch): (usize, &Batch<W>)| {
            (batch.state == BatchState::InFlight).then_some(index)
        };
        let indices: Vec<_> = self.queue.iter().enumerate().filter_map(in_flight).collect();
        indices.into_iter().map(|index| self.give_up(now, index, error.clone())).collect()
    }

    /// Removes every batch. Returns how much memory they used.
    pub(in crate::producer) fn clear(&mut self) -> usize {
        self.queue.drain(..).map(|batch| batch.charged).sum()
    }

    /// Ends everything, in a machine whose invariants a panic has broken. `error` returns the error
    /// for a batch; its argument is whether the batch may have been written.
    pub(in crate::producer) fn fail_all_after_panic(
        &mut self,
        error: impl Fn(bool) -> Error,
    ) -> Vec<Completion<W>> {
        let mut completions = Vec::new();
        for mut batch in self.queue.drain(..) {
            let released = std::mem::take(&mut batch.held_completions);
            let was_completed = batch.is_given_up();
            let own = batch.end(Err(error(batch.is_in_flight() || batch.maybe_written)));
            completions.extend((!was_completed).then_some(own).into_iter().chain(released));
        }
        completions
    }
}

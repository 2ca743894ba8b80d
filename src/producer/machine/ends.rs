//! Applies the end of batches to the rest of the machine: releases memory, forgets tickets,
//! completes waiters.

use std::time::Instant;

use super::{Machine, Purge};
use crate::cluster::Place;
use crate::error::Error;
use crate::producer::partition::{BatchRemainder, Completion, Taken};
use crate::producer::settled::waited_for;

impl<W> Machine<W> {
    /// Handles a batch that has ended and is removed from its partition.
    #[inline]
    pub(super) fn finish_batch(&mut self, now: Instant, place: Place, removed: BatchRemainder<W>) {
        let BatchRemainder { charged, completion, released, memory, .. } = removed;
        self.memory.release(charged);
        if let Some(completion) = completion {
            self.complete(now, place, completion);
        }
        // Mostly there are none, and this check costs less than a loop that does not run.
        if !released.is_empty() {
            self.complete_all(now, place, released);
        }
        if let Some(memory) = memory {
            self.memory.recycle(memory);
        }
    }

    fn complete_all(&mut self, now: Instant, place: Place, completions: Vec<Completion<W>>) {
        for completion in completions {
            self.complete(now, place, completion);
        }
    }

    /// Completes the waiters of a batch or record that was at an index of a partition's queue. They
    /// complete after those of older batches, but not after their own deadline.
    pub(super) fn end(
        &mut self,
        now: Instant,
        place: Place,
        index: usize,
        completion: Completion<W>,
    ) {
        if let Some(completion) = self.queues.partition(place).end(now, index, completion) {
            self.complete(now, place, completion);
        }
    }

    #[inline]
    pub(super) fn complete(&mut self, now: Instant, place: Place, completion: Completion<W>) {
        self.tickets.forget(completion.ticket);
        match completion.outcome {
            Ok(_) => self.count_acknowledged(now, place, &completion),
            Err(_) => self.queues[place.topic].records.failed += completion.count as u64,
        }
        let Completion { count, outcome, waiting, .. } = completion;
        debug_assert!(waited_for(&waiting) <= count as usize, "each waits for a record of it");
        let topic = self.cluster.name_of(place.topic);
        self.results.batch(topic, place.partition as i32, outcome, waiting, count);
    }

    /// Fails a batch permanently, and in a gapless partition everything behind it.
    pub(super) fn fail(&mut self, now: Instant, place: Place, taken: Taken<W>, error: &Error) {
        let removed = self.queues.partition(place).fail(now, taken, error.clone());
        self.finish_batch(now, place, removed);
        if self.config.gapless && self.queues.partition(place).stopped().is_none() {
            self.stop(now, place, error);
        }
    }

    /// Stops a gapless partition: fails what is queued, and what comes later.
    pub(super) fn stop(&mut self, now: Instant, place: Place, cause: &Error) {
        let stopped = self.gapless(place, cause);
        self.queues.partition(place).stop(stopped.clone());
        self.drop_queued(now, place, |maybe_written| stopped.clone().maybe_written(maybe_written));
    }

    pub(super) fn expire(&mut self, now: Instant, place: Place) {
        while let Some((index, is_in_flight)) = self.queues.partition(place).next_expired(now) {
            if is_in_flight {
                let error = self.timed_out_in_flight(place);
                let removed = self.queues.partition(place).give_up(now, index, error);
                self.finish_batch(now, place, removed);
            } else if let Some(taken) = self.queues.partition(place).take_queued(index) {
                let error = self.timed_out(place, &taken.batch);
                self.fail(now, place, taken, &error);
            }
        }
        for completion in self.queues.partition(place).take_overdue(now) {
            self.complete(now, place, completion);
        }
    }

    /// Fails every batch of a partition that is not in flight. Returns how many records they had.
    pub(super) fn drop_queued(
        &mut self,
        now: Instant,
        place: Place,
        error: impl Fn(bool) -> Error,
    ) -> usize {
        let removed = self.queues.partition(place).drop_queued(now, error);
        self.finish_batches(now, place, removed)
    }

    fn finish_batches(&mut self, now: Instant, place: Place, all: Vec<BatchRemainder<W>>) -> usize {
        let mut records = 0;
        for removed in all {
            records += removed.records;
            self.finish_batch(now, place, removed);
        }
        records
    }

    /// Fails the records that `what` selects, and returns how many there were. Those in batches
    /// come first, as they were handed over before the others of their partition.
    pub(super) fn drop_records(
        &mut self,
        now: Instant,
        what: Purge,
        error: impl Fn(&str, bool) -> Error,
    ) -> usize {
        let mut records = 0;
        for place in self.queues.busy() {
            let acknowledged = "it was acknowledged";
            if what.in_flight {
                let error = error(acknowledged, true);
                let removed = self.queues.partition(place).give_up_in_flight(now, &error);
                records += self.finish_batches(now, place, removed);
            }
            if what.in_queue {
                let error = |maybe_written| error(acknowledged, maybe_written);
                records += self.drop_queued(now, place, error);
            }
        }
        if what.in_queue {
            records += self.drop_all_delayed(now, error);
        }
        records
    }

    pub(super) fn finish_flushes(&mut self) {
        while let Some(waiter) = self.tickets.pop_flush() {
            self.results.call(waiter, Ok(()));
        }
    }

    pub(super) fn finish_closing(&mut self, now: Instant) {
        let Some(by) = self.shutdown.next_event() else { return };
        if by <= now {
            self.abandon(now);
        }
        if self.is_idle() {
            self.finish();
        }
    }

    /// Drops everything. Requests in flight end with their connections.
    fn finish(&mut self) {
        self.nodes.finish();
        for place in self.queues.busy() {
            let charged = self.queues.partition(place).clear();
            self.memory.release(charged);
            self.arm(place, None);
        }
        for waiter in self.shutdown.finish() {
            self.results.call(waiter, Ok(()));
        }
    }
}

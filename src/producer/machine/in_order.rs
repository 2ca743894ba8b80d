//! The order of ends: the waiters of a partition are told in the order of its records.

use std::time::Instant;

use super::Machine;
use crate::error::Error;
use crate::producer::batch::Ended;
use crate::producer::settled::waited_for;
use crate::producer::topic::Place;

impl<W> Machine<W> {
    /// Tells the waiters of a batch that was at a place in its queue; but only after those of older
    /// batches, unless its own time is over.
    pub(super) fn end(&mut self, now: Instant, place: Place, index: usize, ended: Ended<W>) {
        match self.partition(place).open_before(index) {
            Some(older) if ended.deadline > now => older.behind.push(ended),
            _ => self.tell_end(now, place, ended),
        }
    }

    /// Tells the waiters of batches whose time is over, though older ones of their partition have
    /// not ended.
    pub(super) fn tell_overdue(&mut self, now: Instant, place: Place) {
        let queue = &mut self.partition(place).queue;
        let overdue = queue
            .iter_mut()
            .flat_map(|batch| batch.behind.extract_if(.., |ended| ended.deadline <= now));
        for ended in overdue.collect::<Vec<_>>() {
            self.tell_end(now, place, ended);
        }
    }

    fn tell_end(&mut self, now: Instant, place: Place, ended: Ended<W>) {
        self.tickets.forget(ended.ticket);
        match ended.outcome {
            Ok(_) => self.count_acknowledged(now, place, &ended),
            Err(_) => self.topics[place.topic].records.failed += ended.count as u64,
        }
        let Ended { count, outcome, waiting, .. } = ended;
        debug_assert!(waited_for(&waiting) <= count as usize, "each waits for a record of it");
        let topic = self.topics.name_of(place.topic);
        self.told.batch(topic, place.partition as i32, outcome, waiting, count);
    }

    /// Fails a record that never got into a batch.
    pub(super) fn refuse(
        &mut self,
        topic: usize,
        partition: Option<i32>,
        timestamp: i64,
        waiter: Option<W>,
        error: Error,
    ) {
        self.topics[topic].records.failed += 1;
        self.told.refused(self.topics.name_of(topic), partition, timestamp, waiter, error);
    }
}

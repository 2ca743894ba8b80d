//! The last step of every record: from its waiter to [`Settled`], which the driver delivers. Each
//! waiter passes through here exactly once, and those of a partition in the order of its records.

use std::sync::Arc;
use std::time::Instant;

use super::Machine;
use crate::error::{Error, Result};
use crate::producer::batch::Ended;
use crate::producer::settled::{Settled, SettledBatch, Stored, Waiting, waited_for};
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
        self.forget(ended.ticket);
        if ended.outcome.is_ok() {
            self.count_acknowledged(now, place, &ended);
        }
        let Ended { count, outcome, waiting, .. } = ended;
        self.report(place, outcome, waiting, count);
    }

    fn report(
        &mut self,
        place: Place,
        outcome: Result<Stored>,
        waiting: Vec<Waiting<W>>,
        count: i32,
    ) {
        if outcome.is_err() {
            self.topics[place.topic].records.failed += count as u64;
        }
        let topic = self.name_of(place.topic);
        let partition = place.partition as i32;
        let outcome = outcome.map_err(|error| error.topic(&topic).partition(partition));
        let unclaimed = count as usize - waited_for(&waiting);
        self.progress += 1;
        let settled = SettledBatch { topic, partition, outcome, waiting, unclaimed };
        self.settled.push_back(Settled::Batch(settled));
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
        self.report_refused(self.name_of(topic), partition, timestamp, waiter, error);
    }

    /// The same, for a topic that the machine may not know.
    pub(super) fn report_refused(
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
        self.progress += 1;
        self.settled.push_back(Settled::Batch(SettledBatch {
            topic,
            partition: partition.unwrap_or(-1),
            outcome: Err(error),
            unclaimed: usize::from(waiting.is_none()),
            waiting: waiting.into_iter().collect(),
        }));
    }

    /// Answers a call such as start or flush.
    pub(super) fn answer(&mut self, waiter: W, result: Result<()>) {
        self.settled.push_back(Settled::Call { waiter, result });
    }
}

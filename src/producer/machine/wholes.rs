//! Records that are stored together or not at all: an all-or-nothing batch, which no other record
//! joins and which is never split.

use std::time::Instant;

use super::{Machine, wording};
use crate::cluster::Place;
use crate::config::Partitioner;
use crate::error::{Error, Result};
use crate::producer::owned::out_of_memory;
use crate::producer::partition::Batch;
use crate::producer::partitioner::of_key;
use crate::record::{BATCH_OVERHEAD, Record};

/// The result of handing over an all-or-nothing batch.
#[derive(Debug)]
pub enum Whole<W> {
    Accepted,
    /// There is no room for all of them, or earlier records must go first: see
    /// [`Machine::when_whole_fits`].
    Full(Vec<W>),
    /// They cannot be one batch, or the producer is closed.
    Refused(NotWhole, Vec<W>),
}

/// The reason why records cannot be one batch.
#[derive(Debug)]
pub enum NotWhole {
    /// They belong to different partitions, such as these.
    Scattered(i32, i32),
    Error(Error),
}

impl<W> Machine<W> {
    /// Accepts records that are stored together or not at all. Each names its partition, has a key,
    /// or goes where the others do; the topic must be known. There is a waiter for each. The
    /// delivery timeout starts at `since`, when the caller asked for them to be produced.
    pub fn produce_whole(
        &mut self,
        now: Instant,
        since: Instant,
        topic: &str,
        records: &[(Option<i32>, Record<'_>)],
        waiters: Vec<W>,
    ) -> Whole<W> {
        let index = self.named(topic);
        let size = whole_size(records);
        let partition =
            self.check_open().and_then(|()| self.check_whole(size)).map_err(NotWhole::Error);
        let partition = partition.and_then(|()| self.common_partition(index, records));
        let partition = match partition {
            Ok(partition) => partition,
            Err(refused) => return Whole::Refused(refused, waiters),
        };
        // It overtakes no record that waits for memory or for its partition.
        if !self.memory.has_room(size) || self.queues[index].has_unassigned() {
            return Whole::Full(waiters);
        }
        if partition.is_none() && self.config.partitioner == Partitioner::Caller {
            // The partitioner is asked after all earlier records of the topic.
            return Whole::Full(waiters);
        }
        let is_spread = partition.is_none();
        let partition = match self.choose(index, partition, None) {
            Ok(partition) => partition,
            Err((_, error)) => return Whole::Refused(NotWhole::Error(error), waiters),
        };
        let place = Place { topic: index, partition: partition as usize };
        let Some(memory) = self.memory.allocate(size) else {
            return Whole::Refused(NotWhole::Error(out_of_memory(size)), waiters);
        };
        let (ticket, serial) = (self.tickets.issue(), self.splitter.serial());
        let deadline = since + self.config.delivery_timeout;
        let mut batch = Batch::open(serial, ticket, memory, waiters.len(), deadline, now);
        for ((_, record), waiter) in records.iter().zip(waiters) {
            let Ok(_) = batch.append(record, Some(waiter), usize::MAX) else {
                unreachable!("the batch is open, with memory for all of them");
            };
        }
        batch.close_whole();
        self.memory.charge(batch.charged());
        if is_spread {
            let spread = &mut self.queues[index].spread;
            spread.appended(batch.charged(), self.config.batch_size, true);
        }
        self.count_handed_over(index, records.len());
        self.queues.push(place, batch);
        self.update_partition(now, place);
        Whole::Accepted
    }

    /// Completes `waiter` once another try may succeed, or the producer has ended.
    pub fn when_whole_fits(&mut self, topic: &str, size: usize, waiter: W) {
        let topic = self.named(topic);
        self.memory.when_whole_fits(topic, size, waiter);
    }

    pub(super) fn settle_wholes(&mut self) {
        let is_over = self.shutdown.has_begun();
        let ready = |topic: usize| !self.queues[topic].has_unassigned();
        for (topic, waiter) in self.memory.fitting_wholes(is_over, ready) {
            self.queues[topic].answered();
            self.results.call(waiter, Ok(()));
        }
    }

    fn check_whole(&self, size: usize) -> Result<()> {
        if size > self.config.max_request_size {
            return Err(wording::whole_too_large(
                size,
                "max_request_size",
                self.config.max_request_size,
            ));
        }
        if size > self.config.buffer_memory {
            return Err(wording::whole_too_large(size, "buffer_memory", self.config.buffer_memory));
        }
        Ok(())
    }

    /// Returns the common partition of the records that name one or have a key.
    fn common_partition(
        &self,
        topic: usize,
        records: &[(Option<i32>, Record<'_>)],
    ) -> Result<Option<i32>, NotWhole> {
        let count = self.queues[topic].count as i32;
        if count == 0 {
            return Err(NotWhole::Error(wording::unknown_topic(
                &self.cluster,
                topic,
                wording::metadata_limit(&self.config),
            )));
        }
        let mut common = None;
        for (named, record) in records {
            let by_key = || of_key(self.config.partitioner, record.key, count);
            match (common, named.or_else(by_key)) {
                (Some(one), Some(other)) if one != other => {
                    return Err(NotWhole::Scattered(one, other));
                }
                (None, found) => common = found,
                _ => {}
            }
        }
        Ok(common)
    }
}

/// Returns the approximate size of records as one batch.
pub fn whole_size(records: &[(Option<i32>, Record<'_>)]) -> usize {
    let sizes = records.iter().map(|(_, record)| record.size_bound());
    BATCH_OVERHEAD + sizes.sum::<usize>()
}

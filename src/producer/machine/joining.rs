//! The fast path, which nearly every record takes: its topic is known, its partition has an open
//! batch, and there is room in the batch and in memory. Such a record is appended without any other
//! work. The clock is read only if the record fills the batch, or the batch is sent at once.
//!
//! All other records take the slow path ([`Machine::accept`](super::Machine::accept)), which has
//! the same results.

use std::time::Instant;

use super::Machine;
use crate::cluster::Place;
use crate::producer::haste::Haste;
use crate::producer::partition::AppendedRecord;
use crate::producer::settled::Who;
use crate::producer::ticket::Ticket;
use crate::record::Record;

/// A record that was appended to a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    pub ticket: Ticket,
    /// Whether the driver has work that it does not expect.
    pub work: bool,
}

impl<W> Machine<W> {
    /// Appends a record to an open batch if nothing else has to be done. Returns `who` otherwise.
    pub fn join<N: Who<W>>(
        &mut self,
        now: impl FnOnce() -> Instant,
        topic: &str,
        partition: Option<i32>,
        record: &Record<'_>,
        who: N,
        haste: Haste,
    ) -> Result<Joined, N> {
        let Some(place) = self.place_at_once(topic, partition, record) else { return Err(who) };
        let batch_size = self.config.batch_size;
        let topic = &mut self.queues[place.topic];
        let appended = topic.partitions[place.partition].append(record, who, batch_size)?;
        let AppendedRecord { ticket, size, is_full } = appended;
        topic.records.handed_over += 1;
        if partition.is_none() {
            topic.spread.appended(size, batch_size, is_full);
        }
        self.memory.charge(size);
        let work = self.haste(place, haste) || is_full;
        if work {
            self.update_partition(now(), place);
        }
        Ok(Joined { ticket, work })
    }

    /// Returns the place of a record if nothing blocks it and no partition has to be chosen.
    fn place_at_once(
        &mut self,
        topic: &str,
        partition: Option<i32>,
        record: &Record<'_>,
    ) -> Option<Place> {
        if self.shutdown.has_begun() || !self.has_room_for(record) {
            return None;
        }
        let partitioner = self.config.partitioner;
        let index = self.cluster.look_up(topic)?;
        let topic = &self.queues[index];
        if topic.has_unassigned() {
            return None;
        }
        let partition = match partition {
            Some(partition) => usize::try_from(partition).ok()?,
            None => topic.spread.decided(partitioner, record.key, topic.count as i32)? as usize,
        };
        topic.usable().get(partition).filter(|into| into.stopped().is_none())?;
        Some(Place { topic: index, partition })
    }
    /// Returns whether a record fits into a request and into the memory that is left.
    fn has_room_for(&self, record: &Record<'_>) -> bool {
        let fits = |size| size <= self.config.max_request_size && self.memory.has_room(size);
        // The rough bound is faster to compute, and suffices unless the record is near a limit.
        fits(record.rough_size_bound()) || fits(record.size_bound())
    }
}

//! The short way in, which nearly every record takes: its topic is known, its partition has an
//! open batch, and there is room in it and in memory. Such a record joins without anything else
//! being made, moved or looked at; no time is asked for unless the batch is full with it, or leaves
//! at once for it.
//!
//! Whatever is not so simple goes the long way ([`Machine::accept`](super::Machine::accept)),
//! which would have done the same.

use std::time::Instant;

use super::Machine;
use crate::cluster::Place;
use crate::producer::haste::Haste;
use crate::producer::partition::Appended;
use crate::producer::settled::Who;
use crate::producer::ticket::Ticket;
use crate::record::Record;

/// A record that is in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// The batch's.
    pub ticket: Ticket,
    /// Whether the driver has work that it does not expect.
    pub work: bool,
}

impl<W> Machine<W> {
    /// Puts a record into an open batch if that is all there is to do; gives back who waits
    /// otherwise.
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
        let Appended { ticket, size, is_full } = appended;
        topic.records.handed_over += 1;
        if partition.is_none() {
            topic.spread.appended(size, batch_size, is_full);
        }
        self.memory.charge(size);
        let work = self.haste(place, haste) || is_full;
        if work {
            self.touch(now(), place);
        }
        Ok(Joined { ticket, work })
    }

    /// Where a record goes, if nothing stands in its way and nothing has to be chosen.
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
    /// Whether a record is neither too large for a request nor for the memory that is left.
    fn has_room_for(&self, record: &Record<'_>) -> bool {
        let fits = |size| size <= self.config.max_request_size && self.memory.has_room(size);
        // The rough bound is found faster, and suffices unless the record is near a limit.
        fits(record.rough_size_bound()) || fits(record.size_bound())
    }
}

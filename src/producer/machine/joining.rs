//! The short way in, which nearly every record takes: its topic is known, its partition has an
//! open batch, and there is room in it and in memory. Such a record joins without anything else
//! being made, moved or looked at; no time is asked for unless it fills the batch.
//!
//! Whatever is not so simple goes the long way ([`Machine::accept`](super::Machine::accept)),
//! which would have done the same.

use std::time::Instant;

use super::Machine;
use crate::producer::batch::Ticket;
use crate::producer::haste::Haste;
use crate::producer::topic::Place;
use crate::record::Record;

/// A record that is in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// The batch's.
    pub ticket: Ticket,
    /// Whether the driver has something to do that he does not expect.
    pub work: bool,
}

impl<W> Machine<W> {
    /// Puts a record into an open batch if that is all there is to do, and takes its waiter then.
    pub fn join(
        &mut self,
        now: impl FnOnce() -> Instant,
        topic: &str,
        partition: Option<i32>,
        record: &Record<'_>,
        waiter: &mut Option<W>,
        haste: Haste,
    ) -> Option<Joined> {
        if !self.waiting.is_empty() || self.closing_by.is_some() || self.fatal.is_some() {
            return None;
        }
        let size = record.size_bound();
        let config = &self.config;
        if size > config.max_request_size || self.used + size > config.buffer_memory {
            return None;
        }
        let (partitioner, batch_size) = (config.partitioner, config.batch_size);
        let index = self.look_up(topic)?;
        let topic = &mut self.topics[index];
        if !topic.unassigned.is_empty() {
            return None;
        }
        let count = topic.partitions.len() as i32;
        let place = match partition {
            Some(partition) => usize::try_from(partition).ok()?,
            None => topic.spread.decided(partitioner, record.key, count)? as usize,
        };
        let into = topic.partitions.get_mut(place).filter(|into| into.stopped.is_none())?;
        let batch = into.queue.back_mut()?;
        let (took, full) = batch.append(record, waiter, batch_size)?;
        let ticket = batch.ticket;
        topic.records.handed_over += 1;
        if partition.is_none() {
            topic.spread.appended(took, batch_size, full);
        }
        self.charge(took);
        let place = Place { topic: index, partition: place };
        let work = self.haste(place, haste) || full;
        if work {
            self.touch(now(), place);
        }
        Some(Joined { ticket, work })
    }
}

//! Admission: checks records, charges their memory, holds them while memory, their topic or their
//! partition is missing, and appends them to their partition's open batch.

use std::time::Instant;

use super::{Machine, Produced, wording};
use crate::cluster::Place;
use crate::error::{Error, ErrorCode, Result};
use crate::producer::delayed::{Delayed, Target};
use crate::producer::haste::Haste;
use crate::producer::owned::{OwnedRecord, out_of_memory};
use crate::producer::partition::{AppendedRecord, Batch};
use crate::producer::partitioner::Choice;
use crate::protocol::LONGEST_TOPIC;
use crate::record::Record;

impl<W> Machine<W> {
    /// Returns an error once the producer is closed or has failed.
    pub fn check_open(&self) -> Result<()> {
        if self.shutdown.is_closing() {
            return Err(wording::closed());
        }
        self.shutdown.failure().cloned().map_or(Ok(()), Err)
    }

    /// Refuses records that can never be sent.
    pub(super) fn check_record(&self, topic: &str, size: usize) -> Result<()> {
        if topic.len() > LONGEST_TOPIC {
            // Do not ask about it: one invalid name fails the whole metadata request.
            return Err(wording::invalid_topic(topic).code(ErrorCode::INVALID_TOPIC));
        }
        if size > self.config.max_request_size {
            return Err(wording::too_large(&self.config, size));
        }
        if size > self.config.buffer_memory {
            return Err(wording::larger_than_memory(&self.config, size));
        }
        Ok(())
    }

    pub(super) fn target(
        &mut self,
        now: Instant,
        topic: &str,
        partition: Option<i32>,
        haste: Haste,
    ) -> Target {
        let topic = self.named(topic);
        let deadline = now + self.config.delivery_timeout;
        Target { topic, partition, ticket: None, haste, deadline }
    }

    /// Accepts a record for which `buffer_memory` has room. Returns the waiter, too, if the process
    /// has no memory for the record.
    pub(super) fn accept(
        &mut self,
        now: Instant,
        target: Target,
        record: &Record<'_>,
        waiter: Option<W>,
    ) -> Result<Produced<W>, (Error, Option<W>)> {
        if self.takes_now(&target) {
            return self.assign(now, target, record, waiter);
        }
        match OwnedRecord::copy(record) {
            Ok(record) => Ok(self.hold(now, target, record, waiter)),
            Err(error) => Err((error, waiter)),
        }
    }

    /// Returns whether a record can be appended now: its partition is known, and no earlier record
    /// of its topic is without a partition.
    fn takes_now(&self, target: &Target) -> bool {
        let is_first = !self.queues[target.topic].has_unassigned();
        let topic = self.cluster.topic(target.topic);
        // A partition that is not known may have been added since the last metadata request.
        let is_known = topic.is_known() && topic.has(target.partition);
        is_known && is_first && self.is_placed(target)
    }

    /// Holds a record until its topic is known, or its caller has chosen a partition.
    fn hold(
        &mut self,
        now: Instant,
        target: Target,
        record: OwnedRecord,
        waiter: Option<W>,
    ) -> Produced<W> {
        let ticket = target.ticket.unwrap_or_else(|| self.tickets.issue());
        let charged = record.size();
        self.memory.charge(charged);
        let until = target.deadline.min(now + self.config.metadata_timeout);
        let target = Target { ticket: Some(ticket), haste: target.haste.apart(), ..target };
        let asked_before = self.cluster.asked();
        let delayed = Delayed { target, record, waiter, until, charged, asked_before };
        let is_first = !self.queues[target.topic].has_unassigned();
        self.queues.add_unassigned(target.topic, ticket);
        let topic = self.cluster.topic(target.topic);
        if topic.is_known() && topic.has(target.partition) {
            let work = self.hold_unplaced(ticket, delayed);
            return Produced::Accepted { ticket, work, is_held: true };
        }
        let asks = topic.is_known() || is_first;
        self.unassigned.add_unknown(ticket, delayed);
        if asks {
            self.cluster.want_news();
        }
        Produced::Accepted { ticket, work: asks, is_held: true }
    }

    /// Appends the records of a topic that waited for metadata, or for their caller to choose a
    /// partition: in order, up to the first that still waits.
    pub(super) fn assign_unassigned(&mut self, now: Instant, topic: usize) {
        while let Some(delayed) = self.take_assignable(topic) {
            self.memory.release(delayed.charged);
            let target = self.unless_flushed(delayed.target);
            let headers = delayed.record.headers();
            let record = delayed.record.with_headers(&headers);
            if let Err((error, waiter)) = self.assign(now, target, &record, delayed.waiter) {
                self.refuse_delayed(target, record.timestamp, waiter, error);
            }
        }
        self.admit(now);
    }

    /// Accepts records from the memory queue, in order, while there is room.
    pub(super) fn admit(&mut self, now: Instant) {
        while let Some((ticket, delayed)) = self.memory.pop_fitting() {
            let target = Target { ticket: Some(ticket), ..delayed.target };
            let target = self.unless_flushed(target);
            if !self.takes_now(&target) {
                self.hold(now, target, delayed.record, delayed.waiter);
                continue;
            }
            let headers = delayed.record.headers();
            let record = delayed.record.with_headers(&headers);
            if let Err((error, waiter)) = self.assign(now, target, &record, delayed.waiter) {
                self.refuse_delayed(target, record.timestamp, waiter, error);
            }
        }
    }

    /// Fails a record that has waited, if the process has no memory for it now.
    fn refuse_delayed(&mut self, target: Target, timestamp: i64, waiter: Option<W>, error: Error) {
        if let Some(ticket) = target.ticket {
            self.tickets.forget(ticket);
        }
        self.refuse(target.topic, target.partition, timestamp, waiter, error);
    }

    /// Returns a target that does not linger if a flush or close, called meanwhile, waits for the
    /// record.
    fn unless_flushed(&self, target: Target) -> Target {
        let flushed = target.ticket.is_some_and(|ticket| self.tickets.is_flushed(ticket));
        let hurries = flushed || self.shutdown.is_closing();
        Target { haste: if hurries { Haste::AtOnce } else { target.haste }, ..target }
    }

    /// Appends a record to its partition's open batch. Returns the waiter, too, if there is no
    /// memory for that.
    fn assign(
        &mut self,
        now: Instant,
        target: Target,
        record: &Record<'_>,
        waiter: Option<W>,
    ) -> Result<Produced<W>, (Error, Option<W>)> {
        let Target { topic: index, partition, ticket, haste, deadline } = target;
        let partition = match self.choose(index, partition, record.key) {
            Ok(partition) => partition,
            Err((partition, error)) => {
                if let Some(ticket) = ticket {
                    self.tickets.forget(ticket);
                }
                self.refuse(index, Some(partition), record.timestamp, waiter, error);
                let ticket = self.tickets.issue_spent();
                return Ok(Produced::Accepted { ticket, work: true, is_held: false });
            }
        };
        let place = Place { topic: index, partition: partition as usize };
        let batch_size = self.config.batch_size;
        let into = self.queues.partition(place);
        let joined = into.append(record, waiter, batch_size);
        let opens = joined.is_err();
        let appended = match joined {
            Ok(appended) => {
                if let Some(ticket) = ticket {
                    // The batch that it joins has an older ticket.
                    self.tickets.forget(ticket);
                }
                appended
            }
            Err(waiter) => {
                // The next batch will be about as large as the last ones.
                let least = record.size_bound();
                let usual = into.usual_size().clamp(least, batch_size.max(least));
                let waiters = into.usual_waiters();
                let memory = self.memory.allocate(usual).or_else(|| self.memory.allocate(least));
                let Some(memory) = memory else {
                    let error = out_of_memory(least);
                    if ticket.is_some() && self.config.gapless {
                        // It was accepted before: nothing may follow it.
                        self.stop(now, place, &error);
                    }
                    return Err((error, waiter));
                };
                let ticket = ticket.unwrap_or_else(|| self.tickets.issue());
                let serial = self.splitter.serial();
                let lingers_until = now + self.config.linger;
                let batch = Batch::open(serial, ticket, memory, waiters, deadline, lingers_until);
                self.queues.open(place, batch);
                let into = self.queues.partition(place);
                let Ok(appended) = into.append(record, waiter, batch_size) else {
                    unreachable!("any record fits into an empty batch");
                };
                appended
            }
        };
        let AppendedRecord { ticket, size, is_full } = appended;
        self.memory.charge(size);
        if target.partition.is_none() {
            self.queues[index].spread.appended(size, batch_size, is_full);
        }
        let work = self.haste(place, haste) || opens || is_full;
        if work {
            self.update_partition(now, place);
        }
        Ok(Produced::Accepted { ticket, work, is_held: false })
    }

    /// Returns the partition for a record, or an error if there is none.
    pub(super) fn choose(
        &mut self,
        index: usize,
        asked_for: Option<i32>,
        key: Option<&[u8]>,
    ) -> Result<i32, (i32, Error)> {
        let topic = &mut self.queues[index];
        let count = topic.count as i32;
        let partition = match asked_for {
            Some(partition) if (0..count).contains(&partition) => partition,
            Some(partition) => {
                return Err((
                    partition,
                    wording::unknown_partition(self.cluster.topic(index), partition),
                ));
            }
            None => {
                let choice = Choice { count, led: self.cluster.topic(index).led() };
                topic.spread.choose(self.config.partitioner, key, choice, &mut self.random)
            }
        };
        match topic.partitions[partition as usize].stopped() {
            Some(error) => Err((partition, error.clone())),
            None => Ok(partition),
        }
    }
}

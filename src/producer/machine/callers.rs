//! Callers' methods: hand records over, wait for them, cancel or drop them.

use std::time::{Duration, Instant};

use super::{Machine, Produced, Purge, Unsent, wording};
use crate::cluster::Topic;
use crate::error::{Error, ErrorCode, Result};
use crate::producer::calls::Need;
use crate::producer::delayed::Delayed;
use crate::producer::haste::Haste;
use crate::producer::machine::Joined;
use crate::producer::owned::OwnedRecord;
use crate::producer::ticket::Ticket;
use crate::protocol::LONGEST_TOPIC;
use crate::record::Record;

impl<W> Machine<W> {
    /// Accepts a record, if memory has room and the memory queue is empty.
    ///
    /// # Errors
    /// After [`Self::close`], after a fatal error, or if the process has no memory; returned with
    /// the waiter. All other failures are settled, not returned.
    pub fn produce(
        &mut self,
        now: Instant,
        topic: &str,
        partition: Option<i32>,
        record: &Record<'_>,
        waiter: Option<W>,
        haste: Haste,
    ) -> Result<Produced<W>, (Error, Option<W>)> {
        let waiter = match self.join(|| now, topic, partition, record, waiter, haste) {
            Ok(Joined { ticket, work }) => {
                return Ok(Produced::Accepted { ticket, work, is_held: false });
            }
            Err(waiter) => waiter,
        };
        if let Err(error) = self.check_open() {
            return Err((error, waiter));
        }
        let size = record.size_bound();
        if let Err(error) = self.check_record(topic, size) {
            self.count_refused(topic);
            self.results.refused(topic.into(), partition, record.timestamp, waiter, error);
            let ticket = self.tickets.issue_spent();
            return Ok(Produced::Accepted { ticket, work: true, is_held: false });
        }
        if !self.memory.has_room(size) {
            return Ok(Produced::Full(waiter));
        }
        let target = self.target(now, topic, partition, haste);
        let produced = self.accept(now, target, record, waiter)?;
        self.count_handed_over(target.topic, 1);
        Ok(produced)
    }

    /// Adds the record to the memory queue. Returns the ticket, to [cancel](Self::cancel) it.
    ///
    /// # Errors
    /// After [`Self::close`], after a fatal error, or if too many records wait already; returned
    /// with the waiter.
    pub fn wait(
        &mut self,
        now: Instant,
        topic: &str,
        partition: Option<i32>,
        record: OwnedRecord,
        waiter: Option<W>,
        haste: Haste,
    ) -> Result<Ticket, (Error, Option<W>)> {
        if let Err(error) = self.check_open() {
            return Err((error, waiter));
        }
        if self.memory.waiting() >= self.config.max_waiting {
            return Err((wording::buffer_full(&self.config), waiter));
        }
        let target = self.target(now, topic, partition, haste.apart());
        let ticket = self.tickets.issue();
        let until = target.deadline;
        self.count_handed_over(target.topic, 1);
        let is_first = !self.memory.has_waiting_records();
        let asked_before = self.cluster.asked();
        let delayed = Delayed { target, record, waiter, until, charged: 0, asked_before };
        self.memory.wait(ticket, delayed);
        if is_first {
            // Batches that linger take the room that this record needs.
            let busy = self.queues.busy();
            self.update_partitions(now, busy);
        }
        Ok(ticket)
    }

    /// Sets a record's partition, or fails the record with a reason. It also fails if its topic
    /// does not have the partition. Returns whether the record still waited for a partition.
    pub fn place(&mut self, now: Instant, ticket: Ticket, partition: Result<i32, String>) -> bool {
        let unplaced = self.unassigned.get_unplaced_mut(ticket);
        let Some(delayed) = unplaced.filter(|held| held.target.partition.is_none()) else {
            return false;
        };
        delayed.target.partition = partition.as_ref().ok().copied();
        let topic = delayed.target.topic;
        if let Err(error) = self.check_placing(topic, partition) {
            self.queues.remove_unassigned(topic, ticket);
            self.refuse_one_unassigned(ticket, error);
        }
        self.assign_unassigned(now, topic);
        self.finish_flushes();
        true
    }

    /// Returns the error of a record whose caller gives this reason for not choosing a partition.
    pub fn placing_failed(&mut self, topic: &str, reason: &str) -> Error {
        let index = self.named(topic);
        wording::not_placed(self.cluster.topic(index), reason)
            .topic(self.cluster.topic(index).name())
    }

    /// Cancels a record that waits for memory, for its topic or for its partition. Returns `None`
    /// if it does not wait: such a record is delivered even if its caller has stopped waiting.
    pub fn cancel(&mut self, now: Instant, ticket: Ticket) -> Option<Unsent<W>> {
        let waiter = if let Some(delayed) = self.memory.leave(ticket) {
            self.count_unsent(delayed.target.topic);
            self.tickets.forget(ticket);
            self.admit(now);
            delayed.waiter
        } else {
            let delayed = self.unassigned.take(ticket)?;
            let topic = delayed.target.topic;
            self.count_unsent(topic);
            self.queues.remove_unassigned(topic, ticket);
            self.memory.release(delayed.charged);
            self.tickets.forget(ticket);
            self.assign_unassigned(now, topic);
            delayed.waiter
        };
        self.finish_flushes();
        Some(Unsent { waiter })
    }

    /// Sends the records that were handed over to be sent [together](Haste::Together). Returns
    /// whether the driver has something to do.
    pub fn ship(&mut self, now: Instant) -> bool {
        let mut work = false;
        for place in self.nodes.take_grouped() {
            self.queues.partition(place).marks.grouped = false;
            if self.hurry_or_remember(place) {
                self.update_partition(now, place);
                work = true;
            }
        }
        work
    }

    /// Completes `waiter` when a record leaves the memory queue, accepted or failed.
    pub fn when_admitted(&mut self, ticket: Ticket, waiter: W) {
        self.memory.when_admitted(ticket, waiter);
    }

    /// Completes `waiter` once the cluster has answered, within `limit` or `metadata_timeout`.
    pub fn ping(&mut self, now: Instant, limit: Option<Duration>, waiter: W) {
        let limit = limit.unwrap_or(self.config.metadata_timeout);
        self.ask(now, limit, Need::Anything, waiter);
    }

    /// Completes `waiter` once the cluster has described all its brokers and topics, for
    /// [`Self::described`]. It is asked again for this, for at most `limit` or `metadata_timeout`.
    pub fn describe_cluster(&mut self, now: Instant, limit: Option<Duration>, waiter: W) {
        let limit = limit.unwrap_or(self.config.metadata_timeout);
        self.ask(now, limit, Need::Everything, waiter);
    }

    /// Completes `waiter` once the cluster has described a topic. The topic is not created.
    pub fn locate(&mut self, now: Instant, topic: &str, waiter: W) {
        self.ask_about(now, topic, |_| Some(false), waiter);
    }

    /// The same, for records, some of which may name a `partition`: the cluster may create the
    /// topic, and is not asked if topic and partition are known already.
    pub fn locate_for_records(
        &mut self,
        now: Instant,
        topic: &str,
        partition: Option<i32>,
        waiter: W,
    ) {
        let creates = |topic: &Topic| match topic.is_known() {
            true if topic.has(partition) => None,
            is_known => Some(!is_known),
        };
        self.ask_about(now, topic, creates, waiter);
    }

    /// `creates` returns whether the cluster may create the topic, or `None` if it need not be
    /// asked.
    fn ask_about(
        &mut self,
        now: Instant,
        topic: &str,
        creates: impl FnOnce(&Topic) -> Option<bool>,
        waiter: W,
    ) {
        if topic.len() > LONGEST_TOPIC {
            let error = wording::invalid_topic(topic).code(ErrorCode::INVALID_TOPIC);
            return self.results.call(waiter, Err(error));
        }
        let index = self.named(topic);
        let Some(creates) = creates(self.cluster.topic(index)) else {
            self.queues[index].answered();
            return self.results.call(waiter, Ok(()));
        };
        let need = Need::Topic { index, creates };
        self.ask(now, self.config.metadata_timeout, need, waiter);
    }

    /// Completes `waiter` once everything handed over before this call is settled. Returns the
    /// argument of [`Self::unsettled_before`].
    pub fn flush(&mut self, now: Instant, waiter: W) -> Ticket {
        self.close_batches(now);
        let before = self.tickets.flush(waiter);
        self.finish_flushes();
        before
    }

    /// Fails the records that `what` selects, and keeps the others. Those in flight may still be
    /// stored, and their errors say so. A partition's waiters complete in the order of its records,
    /// so those of failed records may wait for older records that are kept.
    pub fn purge(&mut self, now: Instant, what: Purge) {
        let places = self.queues.busy();
        self.drop_records(now, what, wording::purged);
        self.update_partitions(now, places);
        self.finish_flushes();
    }

    /// Accepts no more records. Accepted records are delivered until `by`; then the rest fails.
    /// Completes `waiter` when the machine [is finished](Self::is_finished).
    pub fn close(&mut self, now: Instant, by: Instant, waiter: Option<W>) {
        // No more records come that are worth lingering for.
        self.close_batches(now);
        self.shutdown.close(by, waiter);
    }

    /// Fails everything that is not settled.
    pub fn abandon(&mut self, now: Instant) {
        let records = self.drop_records(now, Purge::ALL, wording::closed_before_delivery);
        self.results.abandon(records);
        self.drop_calls(&wording::closed_before_start());
        self.finish_flushes();
    }
}

//! The ends of records in no batch: those that wait for memory, for their topic or for their
//! partition.

use std::collections::BTreeSet;
use std::time::Instant;

use super::wording::Limit;
use super::{Machine, wording};
use crate::cluster::Place;
use crate::error::Error;
use crate::producer::delayed::{Delayed, Target};
use crate::producer::owned::OwnedRecord;
use crate::producer::partition::Completion;
use crate::producer::settled::Waiting;
use crate::producer::ticket::Ticket;

/// Maximum number of overdue records failed in one turn.
const EXPIRED_AT_ONCE: usize = 1_000;

impl<W> Machine<W> {
    /// Fails a record that was never in a batch.
    pub(super) fn refuse(
        &mut self,
        topic: usize,
        partition: Option<i32>,
        timestamp: i64,
        waiter: Option<W>,
        error: Error,
    ) {
        self.queues[topic].records.failed += 1;
        self.results.refused(self.cluster.name_of(topic), partition, timestamp, waiter, error);
    }

    pub(super) fn refuse_unassigned(&mut self, topic: usize, error: &Error) {
        while let Some(ticket) = self.queues.pop_unassigned(topic) {
            self.refuse_one_unassigned(ticket, error.clone());
        }
    }

    /// Fails a record that was removed from its topic's list.
    pub(super) fn refuse_one_unassigned(&mut self, ticket: Ticket, error: Error) {
        let Some(delayed) = self.unassigned.take(ticket) else { return };
        self.memory.release(delayed.charged);
        self.tickets.forget(ticket);
        let Target { topic, partition, .. } = delayed.target;
        self.refuse(topic, partition, delayed.record.timestamp, delayed.waiter, error);
    }

    /// Fails the first record of the memory queue.
    fn refuse_waiting(&mut self, error: Error) {
        let Some((ticket, delayed)) = self.memory.pop() else { return };
        self.tickets.forget(ticket);
        let Target { topic, partition, .. } = delayed.target;
        self.refuse(topic, partition, delayed.record.timestamp, delayed.waiter, error);
    }

    /// Fails a record that is in no batch; after the batches of its partition, if it names one.
    fn drop_delayed(&mut self, now: Instant, ticket: Ticket, delayed: Delayed<W>, error: Error) {
        let Target { topic, partition, deadline, .. } = delayed.target;
        let Delayed { record: OwnedRecord { timestamp, .. }, waiter, .. } = delayed;
        let partitions = self.queues[topic].partitions.len();
        let named = partition.and_then(|index| usize::try_from(index).ok());
        let Some(partition) = named.filter(|index| *index < partitions) else {
            self.tickets.forget(ticket);
            return self.refuse(topic, partition, timestamp, waiter, error);
        };
        let place = Place { topic, partition };
        let waiting = waiter.map(|waiter| Waiting { index: 0, count: 1, timestamp, waiter });
        let completion = Completion {
            ticket,
            deadline,
            count: 1,
            record_bytes: 0,
            waiting: waiting.into_iter().collect(),
            outcome: Err(error),
        };
        if let Some(completion) = self.queues.partition(place).end_last(now, completion) {
            self.complete(now, place, completion);
        }
    }

    pub(super) fn expire_delayed(&mut self, now: Instant) {
        // A bounded number at a time, as callers wait for the machine. `poll_timeout` reports that
        // there is more.
        for _ in 0..EXPIRED_AT_ONCE {
            if self.memory.next_event().is_none_or(|until| until > now) {
                break;
            }
            let error = wording::starved(&self.config);
            self.refuse_waiting(error);
        }
        let mut freed = BTreeSet::new();
        for _ in 0..EXPIRED_AT_ONCE {
            let Some((ticket, first)) = self.unassigned.first_unknown() else { break };
            if first.until > now {
                break;
            }
            let Target { topic, partition, deadline, .. } = first.target;
            let limit = if first.until == deadline {
                Limit::Delivery(self.config.delivery_timeout)
            } else {
                wording::metadata_limit(&self.config)
            };
            let error = match partition {
                Some(partition) if self.cluster.topic(topic).is_known() => {
                    wording::unasked_partition(&self.cluster, topic, partition, limit)
                }
                _ => wording::unknown_topic(&self.cluster, topic, limit),
            };
            self.queues.remove_unassigned(topic, ticket);
            self.refuse_one_unassigned(ticket, error);
            freed.insert(topic);
        }
        for _ in 0..EXPIRED_AT_ONCE {
            let Some((ticket, first)) = self.unassigned.first_unplaced() else { break };
            if first.until > now {
                break;
            }
            let topic = first.target.topic;
            let error = if self.cluster.topic(topic).is_known() {
                wording::placed_too_late(&self.config, &first.target)
            } else {
                wording::unknown_topic(
                    &self.cluster,
                    topic,
                    Limit::Delivery(self.config.delivery_timeout),
                )
            };
            self.queues.remove_unassigned(topic, ticket);
            self.refuse_one_unassigned(ticket, error);
            freed.insert(topic);
        }
        // Go on with the records behind these. Any that are as old have failed with them.
        for topic in freed {
            self.assign_unassigned(now, topic);
        }
    }

    /// Fails all of them, and returns how many there were.
    pub(super) fn drop_all_delayed(
        &mut self,
        now: Instant,
        error: impl Fn(&str, bool) -> Error,
    ) -> usize {
        let records =
            self.memory.waiting() + self.unassigned.unknown() + self.unassigned.unplaced();
        for topic in self.queues.topics_unassigned() {
            let is_known = self.cluster.topic(topic).is_known();
            let before = if is_known { "its partition was chosen" } else { "its topic was known" };
            let error = error(before, false);
            while let Some(ticket) = self.queues.pop_unassigned(topic) {
                let Some(delayed) = self.unassigned.take(ticket) else { continue };
                self.memory.release(delayed.charged);
                self.drop_delayed(now, ticket, delayed, error.clone());
            }
        }
        while let Some((ticket, delayed)) = self.memory.pop() {
            self.drop_delayed(now, ticket, delayed, error("there was memory for it", false));
        }
        records
    }
}

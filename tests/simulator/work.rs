//! The caller: it hands over single records and all-or-nothing batches, flushes, cancels and
//! purges.

use std::time::Duration;

use dekaf::error::Error;
use dekaf::producer::{Haste, Joined, NotWhole, OwnedRecord, Produced, Who, Whole, whole_size};
use dekaf::record::Record;

use super::cluster::Spread;
use super::ledger::{Next, Waiter, made_at};
use super::rules::Rule;
use super::run::{Event, Run, disconnected};

/// A call with an all-or-nothing batch.
#[derive(Debug, Clone)]
pub(super) struct WholeCall {
    topic: String,
    partition: i32,
    count: u64,
    /// The size of each record's value.
    size: usize,
    has_keys: bool,
    /// When the call began.
    since: Duration,
}

impl Run<'_> {
    /// Performs a burst of work: records, and sometimes a flush, a cancellation or a purge.
    pub(super) fn work(&mut self) {
        let closes = self.scenario.extra.closes_after;
        if !self.closed && closes.is_some_and(|records| self.handed_over >= records) {
            let limit = self.scenario.config.delivery_timeout.as_micros() as u64;
            let limit = Duration::from_micros(self.extra.below(limit));
            self.note(|| format!("closes within {limit:?}"));
            self.close(limit);
        }
        for _ in 0..=self.random.below(8) {
            if self.handed_over < self.scenario.records {
                if self.scenario.extra.groups_records && self.random.below(8) == 0 {
                    self.hand_over_whole();
                } else {
                    self.hand_over();
                }
            }
        }
        if self.scenario.extra.groups_records {
            self.machine.ship(self.instant());
        }
        match self.random.below(40) {
            0..=2 => {
                let flush = self.ledger.flush();
                self.machine.flush(self.instant(), flush);
            }
            3..=5 => self.cancel(),
            6 if self.scenario.purges => self.purge(),
            7 if self.scenario.extra.describes => {
                self.pauses.calls += 1;
                let waiter = Waiter::Cluster(self.questions);
                self.machine.describe_cluster(self.instant(), None, waiter);
            }
            _ => {}
        }
        if self.handed_over < self.scenario.records {
            let pause = Spread { least: Duration::ZERO, most: self.scenario.pause };
            self.plan_after(pause, Event::Work);
        } else {
            // Faults end with the work, so that all results must arrive.
            self.heal();
        }
    }

    /// Purges as in the scenario, and checks that all other records are kept. Dropped records
    /// behind kept ones count as in flight until those are settled.
    fn purge(&mut self) {
        let what = self.scenario.extra.kept.purge();
        let held = |run: &Self| {
            let pending = run.machine.metrics().pending;
            (pending.records() - pending.in_flight, pending.records())
        };
        let (queued, all) = held(self);
        self.machine.purge(self.instant(), what);
        let kept = if what.in_queue { 0 } else { queued };
        let (left, after) = held(self);
        if left != kept || after > all {
            let what = format!("{what:?} kept {left} of {queued} records in queues");
            self.ledger.violation(Rule::Counts, &what);
        }
    }

    fn hand_over(&mut self) {
        let id = self.handed_over;
        self.handed_over += 1;
        let topic = self.random.below(self.scenario.topics.len() as u64) as usize;
        let (name, settings) = &self.scenario.topics[topic];
        let (name, partitions) = (name.clone(), settings.partitions as u64);
        let named = match self.random.below(3) {
            0 => Some(self.random.below(partitions) as i32),
            _ => None,
        };
        let named = self.stray(&name).or(named);
        let key = (self.random.below(2) == 0).then(|| self.random.below(10).to_be_bytes().to_vec());
        let mut value = id.to_be_bytes().to_vec();
        value.resize(8 + self.random.below(self.scenario.largest_value) as usize, b'.');
        if self.is_oversize(&name) {
            value.resize(self.scenario.config.max_request_size + 1, b'.');
        }
        let record =
            OwnedRecord { timestamp: made_at(id), key, value: Some(value), headers: vec![] };
        let haste = match self.random.below(4) {
            0 => Haste::AtOnce,
            1 | 2 if self.scenario.extra.groups_records => Haste::Together,
            _ => Haste::Lingers,
        };
        let partition = named.or_else(|| self.place_at_once(&name, record.key.as_deref()));
        self.ledger.handed_over(id, &name, self.now, self.now);
        if let Some(partition) = partition {
            self.ledger.named(id, partition, &self.cluster);
        }
        self.note(|| format!("record {id} for {name}/{partition:?}"));
        let now = self.instant();
        let headers = record.headers();
        let borrowed = record.with_headers(&headers);
        // As in production, the record first tries to join the previous records and their waiter.
        let joined = self.machine.join(|| now, &name, partition, &borrowed, Next(id), haste);
        let produced = match joined {
            Ok(Joined { ticket, work }) => Ok(Produced::Accepted { ticket, work, is_held: false }),
            Err(next) => self.machine.produce(now, &name, partition, &borrowed, next.make(), haste),
        };
        match produced {
            Ok(Produced::Accepted { ticket, .. }) => self.tickets.push((ticket, id)),
            Ok(Produced::Full(waiter)) => {
                let waits = self.machine.wait(now, &name, partition, record, waiter, haste);
                match waits {
                    Ok(ticket) => {
                        self.ledger.waits(id);
                        self.tickets.push((ticket, id));
                        if self.scenario.extra.groups_records {
                            let waiter = self.ledger.admission(ticket);
                            self.machine.when_admitted(ticket, waiter);
                        }
                    }
                    Err((error, _waiter)) => self.not_taken(id, &error),
                }
            }
            Err((error, _waiter)) => self.not_taken(id, &error),
        }
    }

    /// Returns a partition that has just been created, will be, or does not exist.
    fn stray(&mut self, topic: &str) -> Option<i32> {
        if !self.scenario.extra.unknown_partitions || self.extra.below(3) > 0 {
            return None;
        }
        let newest = (self.cluster.partitions(topic) - 1).max(0);
        Some(newest + self.extra.below(3) as i32)
    }

    /// Returns whether to make a record too large for any request. Only for topics that the machine
    /// knows: it counts records of unknown topics separately.
    fn is_oversize(&mut self, topic: &str) -> bool {
        self.scenario.extra.oversized_records
            && self.ledger.knows(topic)
            && self.extra.below(30) == 0
    }

    /// Hands over records for one partition as an all-or-nothing batch.
    fn hand_over_whole(&mut self) {
        let topic = self.random.below(self.scenario.topics.len() as u64) as usize;
        let (topic, settings) = &self.scenario.topics[topic];
        let partition = self.random.below(settings.partitions as u64) as i32;
        let count = 2 + self.random.below(8);
        let size = 8 + self.random.below(self.scenario.largest_value) as usize;
        let has_keys = self.scenario.refuses_keyless() && self.extra.below(2) == 0;
        let mut since = self.now;
        if self.scenario.extra.batches_wait_for_memory {
            let most = self.scenario.config.delivery_timeout / 2;
            let waited = Spread { least: Duration::ZERO, most }.sample(&mut self.extra);
            since = since.saturating_sub(waited);
        }
        let topic = topic.clone();
        self.try_whole(&WholeCall { topic, partition, count, size, has_keys, since });
    }

    /// Hands over an all-or-nothing batch, or waits until memory may be available.
    fn try_whole(&mut self, call: &WholeCall) {
        let WholeCall { ref topic, partition, count, size, has_keys, since } = *call;
        let first = self.handed_over;
        self.handed_over += count;
        let ids: Vec<u64> = (first..self.handed_over).collect();
        for &id in &ids {
            self.ledger.handed_over(id, topic, self.now, since);
            self.ledger.named(id, partition, &self.cluster);
        }
        self.note(|| format!("records {ids:?} for {topic}/{partition}, as one"));
        let value = |id: &u64| {
            let mut value = id.to_be_bytes().to_vec();
            value.resize(size, b'.');
            value
        };
        let values: Vec<_> = ids.iter().map(value).collect();
        let records = ids.iter().zip(&values).map(|(id, value)| {
            let (timestamp, key) = (made_at(*id), has_keys.then_some(&b"key"[..]));
            (Some(partition), Record { timestamp, key, value: Some(value), headers: &[] })
        });
        let records: Vec<_> = records.collect();
        let waiters = ids.iter().map(|id| Waiter::Record(*id)).collect();
        let (now, since) = (self.instant(), self.instant_at(since));
        let not_taken = match self.machine.produce_whole(now, since, topic, &records, waiters) {
            Whole::Accepted => return self.ledger.whole(ids),
            Whole::Refused(NotWhole::Error(error), _) => error,
            Whole::Refused(NotWhole::Scattered(..), _) => disconnected(),
            Whole::Full(_) => {
                if self.scenario.extra.batches_wait_for_memory {
                    let waiter = self.wait_for_room(call.clone());
                    self.machine.when_whole_fits(topic, whole_size(&records), waiter);
                }
                disconnected()
            }
        };
        for id in ids {
            self.not_taken(id, &not_taken);
        }
    }

    /// Called when the machine has rejected a record with an error.
    fn not_taken(&mut self, id: u64, error: &Error) {
        if error.fatal() == self.machine.check_open().is_ok() {
            let what = format!("record {id} is refused, and whether for ever is wrong: {error}");
            self.ledger.violation(Rule::Fatal, &what);
        }
        self.ledger.not_taken(id);
    }

    fn wait_for_room(&mut self, call: WholeCall) -> Waiter {
        let number = self.rooms.last_key_value().map_or(0, |(last, _)| last + 1);
        self.rooms.insert(number, call);
        Waiter::Room(number)
    }

    /// Called when there may be memory for a batch, or waiting has become useless.
    pub(super) fn whole_fits(&mut self, number: u64) {
        let Some(call) = self.rooms.remove(&number) else {
            return self
                .ledger
                .violation(Rule::Settled, "a call was told twice that there is room");
        };
        if self.now < call.since + self.scenario.config.delivery_timeout {
            self.try_whole(&call);
        }
    }

    pub(super) fn close(&mut self, limit: Duration) {
        if !std::mem::replace(&mut self.closed, true) {
            let (now, waiter) = (self.instant(), self.ledger.close());
            self.machine.close(now, now + limit, Some(waiter));
        }
    }

    fn cancel(&mut self) {
        if self.tickets.is_empty() {
            return;
        }
        let index = self.random.below(self.tickets.len() as u64) as usize;
        let (ticket, id) = self.tickets.swap_remove(index);
        // Records of one batch share its ticket, which can no longer be cancelled.
        if self.machine.cancel(self.instant(), ticket).is_some() {
            self.ledger.cancelled(id);
        }
    }
}

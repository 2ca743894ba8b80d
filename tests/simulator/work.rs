//! What the caller does: it hands records over, alone and as wholes, flushes, cancels and purges.

use std::time::Duration;

use dekaf::producer::{Haste, Joined, NotWhole, OwnedRecord, Produced, Who, Whole};
use dekaf::record::Record;

use super::cluster::Spread;
use super::ledger::{Next, Waiter, made_at};
use super::run::{Event, Run, disconnected};

impl Run<'_> {
    /// A burst of work: records, and now and then a flush, a cancellation or a purge.
    pub(super) fn work(&mut self) {
        for _ in 0..=self.random.below(8) {
            if self.handed_over < self.scenario.records {
                if self.scenario.extra.gathers && self.random.below(8) == 0 {
                    self.hand_over_whole();
                } else {
                    self.hand_over();
                }
            }
        }
        if self.scenario.extra.gathers {
            self.machine.ship(self.instant());
        }
        match self.random.below(40) {
            0..=2 => {
                let flush = self.ledger.flush();
                self.machine.flush(self.instant(), flush);
            }
            3..=5 => self.cancel(),
            6 if self.scenario.purges => self.machine.purge(self.instant()),
            _ => {}
        }
        if self.handed_over < self.scenario.records {
            let pause = Spread { least: Duration::ZERO, most: self.scenario.pause };
            self.plan_after(pause, Event::Work);
        } else {
            // The end of the work is the end of the faults: whatever was promised must come.
            self.heal();
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
        let key = (self.random.below(2) == 0).then(|| self.random.below(10).to_be_bytes().to_vec());
        let mut value = id.to_be_bytes().to_vec();
        value.resize(8 + self.random.below(self.scenario.largest_value) as usize, b'.');
        let record =
            OwnedRecord { timestamp: made_at(id), key, value: Some(value), headers: vec![] };
        let haste = match self.random.below(4) {
            0 => Haste::AtOnce,
            1 | 2 if self.scenario.extra.gathers => Haste::Together,
            _ => Haste::Lingers,
        };
        let deadline = self.now + self.scenario.config.delivery_timeout;
        let partition = named.or_else(|| self.place_at_once(&name, record.key.as_deref()));
        self.ledger.handed_over(id, &name, deadline);
        if partition.is_some() {
            self.ledger.placed(id, partition);
        }
        self.note(|| format!("record {id} for {name}/{partition:?}"));
        let now = self.instant();
        let headers = record.headers();
        let borrowed = record.with_headers(&headers);
        // As callers do: the record joins those before it, and their waiter, if it can.
        let joined = self.machine.join(|| now, &name, partition, &borrowed, Next(id), haste);
        let produced = match joined {
            Ok(Joined { ticket, work }) => Ok(Produced::Accepted { ticket, work, is_held: false }),
            Err(next) => {
                self.machine.produce(now, &name, partition, &borrowed, next.make(), haste)
            }
        };
        match produced {
            Ok(Produced::Accepted { ticket, .. }) => self.tickets.push((ticket, id)),
            Ok(Produced::Full(waiter)) => {
                let waits = self.machine.wait(now, &name, partition, record, waiter, haste);
                match waits {
                    Ok(ticket) => {
                        self.tickets.push((ticket, id));
                        if self.scenario.extra.gathers {
                            let waiter = self.ledger.admission(ticket);
                            self.machine.when_admitted(ticket, waiter);
                        }
                    }
                    Err((error, _waiter)) => self.ledger.not_taken(id, &error),
                }
            }
            Err((error, _waiter)) => self.ledger.not_taken(id, &error),
        }
    }

    /// Some records for one partition, all or nothing.
    fn hand_over_whole(&mut self) {
        let topic = self.random.below(self.scenario.topics.len() as u64) as usize;
        let (name, settings) = &self.scenario.topics[topic];
        let (name, partitions) = (name.clone(), settings.partitions as u64);
        let partition = self.random.below(partitions) as i32;
        let first = self.handed_over;
        self.handed_over += 2 + self.random.below(8);
        let ids: Vec<u64> = (first..self.handed_over).collect();
        let deadline = self.now + self.scenario.config.delivery_timeout;
        for &id in &ids {
            self.ledger.handed_over(id, &name, deadline);
            self.ledger.placed(id, Some(partition));
        }
        self.note(|| format!("records {ids:?} for {name}/{partition}, as one"));
        let size = 8 + self.random.below(self.scenario.largest_value) as usize;
        let value = |id: &u64| {
            let mut value = id.to_be_bytes().to_vec();
            value.resize(size, b'.');
            value
        };
        let values: Vec<_> = ids.iter().map(value).collect();
        let records = ids.iter().zip(&values).map(|(id, value)| {
            let timestamp = made_at(*id);
            (Some(partition), Record { timestamp, key: None, value: Some(value), headers: &[] })
        });
        let records: Vec<_> = records.collect();
        let waiters = ids.iter().map(|id| Waiter::Record(*id)).collect();
        let now = self.instant();
        let not_taken = match self.machine.produce_whole(now, now, &name, &records, waiters) {
            Whole::Accepted => return self.ledger.whole(ids),
            Whole::Refused(NotWhole::Error(error), _) => error,
            Whole::Full(_) | Whole::Refused(NotWhole::Scattered(..), _) => disconnected(),
        };
        for id in ids {
            self.ledger.not_taken(id, &not_taken);
        }
    }

    fn cancel(&mut self) {
        if self.tickets.is_empty() {
            return;
        }
        let index = self.random.below(self.tickets.len() as u64) as usize;
        let (ticket, id) = self.tickets.swap_remove(index);
        // A ticket of a batch is shared, and cannot be cancelled any more.
        if self.machine.cancel(self.instant(), ticket).is_some() {
            self.ledger.cancelled(id);
        }
    }
}

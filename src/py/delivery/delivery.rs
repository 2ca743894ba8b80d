//! Delivery of settled batches: sorts the results of one turn of the core by the port that
//! completes them, and answers blocked threads itself. Runs on the core's thread, without the
//! interpreter.

use std::sync::Arc;

use super::voice::Voice;
use crate::error::Error;
use crate::producer::{Settled, SettledBatch, Waiting};
use crate::py::waiters::answer::{Answer, Learned};
use crate::py::waiters::group::{Group, Told};
use crate::py::waiters::port::{Item, Port, WAITERS_PER_TURN};
use crate::py::waiters::waiter::Waiter;

/// Delivers what one turn of the core has settled.
pub(crate) fn deliver(home: &Arc<Port>, voice: &Arc<Voice>, settled: Vec<Settled<Waiter>>) {
    let mut mail = Mail::default();
    for settled in settled {
        match settled {
            Settled::Call { waiter, result } => mail.call(voice, waiter, result),
            Settled::Batch(batch) => {
                if let (Err(error), count @ 1..) = (&batch.outcome, batch.unclaimed) {
                    mail.nobodys(home, voice, error, count);
                }
                mail.batch(home, voice, batch);
            }
        }
    }
    // Before any result is delivered: a waiter that gets its result may close the producer.
    for (port, items) in &mut mail.by_port {
        port.orphan_if_closed(items);
    }
    for (port, items) in mail.by_port {
        port.push(items);
    }
    // After the ports: a thread that wakes up can rely on callbacks being queued already.
    for (answer, learned) in mail.answers {
        answer.fill(learned);
    }
}

#[derive(Default)]
struct Mail {
    by_port: Vec<(Arc<Port>, Vec<Item>)>,
    answers: Vec<(Arc<Answer>, Result<Learned, Error>)>,
}

impl Mail {
    fn add(&mut self, port: &Arc<Port>, item: Item) {
        match self.by_port.iter_mut().find(|(known, _)| Arc::ptr_eq(known, port)) {
            Some((_, items)) => items.push(item),
            None => self.by_port.push((Arc::clone(port), vec![item])),
        }
    }

    fn call(&mut self, voice: &Arc<Voice>, waiter: Waiter, result: Result<(), Error>) {
        match waiter {
            Waiter::Thread(answer) => self.answers.push((answer, result.map(|()| Learned::Done))),
            waiter => {
                let Some(port) = waiter.port().cloned() else { return };
                self.add(&port, Item::Settled(Arc::clone(voice), Settled::Call { waiter, result }));
            }
        }
    }

    /// Reports failures in pieces, so that a reader gets to its other work in between.
    fn unclaimed(&mut self, home: &Arc<Port>, voice: &Arc<Voice>, error: &Error, count: usize) {
        let mut left = count;
        while left > 0 {
            let piece = left.min(WAITERS_PER_TURN);
            self.add(home, Item::Unclaimed(Arc::clone(voice), error.clone(), piece));
            left -= piece;
        }
    }

    /// Splits a batch by the ports of its waiters. Nearly always all waiters have the same port.
    fn batch(&mut self, home: &Arc<Port>, voice: &Arc<Voice>, mut batch: SettledBatch<Waiter>) {
        while let Some(first) = batch.waiting.first() {
            let Some(port) = first.waiter.port().cloned() else {
                self.direct(home, voice, &mut batch);
                continue;
            };
            let mine = take_those(&mut batch.waiting, |waiter| {
                waiter.port().is_some_and(|it| Arc::ptr_eq(it, &port))
            });
            let piece = SettledBatch {
                topic: Arc::clone(&batch.topic),
                partition: batch.partition,
                outcome: batch.outcome.clone(),
                waiting: mine,
                unclaimed: 0,
            };
            self.add(&port, Item::Settled(Arc::clone(voice), Settled::Batch(piece)));
        }
    }

    /// Handles waiters without a port: blocked threads, and members of batch calls.
    fn direct(&mut self, home: &Arc<Port>, voice: &Arc<Voice>, batch: &mut SettledBatch<Waiter>) {
        let mine = take_those(&mut batch.waiting, |waiter| waiter.port().is_none());
        let same = |a: &Waiting<Waiter>, b: &Waiting<Waiter>| match (&a.waiter, &b.waiter) {
            (Waiter::Member { group: a, .. }, Waiter::Member { group: b, .. }) => Arc::ptr_eq(a, b),
            _ => false,
        };
        for of_one in mine.chunk_by(same) {
            match &of_one[0].waiter {
                Waiter::Member { group, .. } => self.members(home, voice, batch, group, of_one),
                Waiter::Thread(answer) => self.thread(home, voice, batch, answer, &of_one[0]),
                Waiter::Future { .. } | Waiter::Promise { .. } | Waiter::Callback(_) => {
                    unreachable!("these have a port")
                }
            }
        }
    }

    fn thread(
        &mut self,
        home: &Arc<Port>,
        voice: &Arc<Voice>,
        batch: &SettledBatch<Waiter>,
        answer: &Arc<Answer>,
        waiting: &Waiting<Waiter>,
    ) {
        if let Err(error) = &batch.outcome
            && Arc::strong_count(answer) == 1
        {
            // The thread was interrupted, and no longer waits.
            return self.nobodys(home, voice, error, 1);
        }
        let learned = batch.outcome.as_ref().map_err(Clone::clone).map(|stored| {
            let place = stored.place_of(waiting);
            let topic = Arc::clone(&batch.topic);
            Learned::Stored { topic, partition: batch.partition, place }
        });
        self.answers.push((Arc::clone(answer), learned));
    }

    /// Settles records of one batch call.
    fn members(
        &mut self,
        home: &Arc<Port>,
        voice: &Arc<Voice>,
        batch: &SettledBatch<Waiter>,
        group: &Arc<Group>,
        members: &[Waiting<Waiter>],
    ) {
        let count = members.iter().map(|waiting| waiting.count as usize).sum();
        match (group.settle(batch, members), &batch.outcome) {
            (Told::Group(Some(waiter)), _) => self.call(voice, waiter, Ok(())),
            (Told::Nobody, Err(error)) => self.nobodys(home, voice, error, count),
            (Told::Group(None), _) | (Told::Nobody, Ok(_)) => {}
        }
    }

    /// Notes failures that no caller receives as unclaimed.
    fn nobodys(&mut self, home: &Arc<Port>, voice: &Arc<Voice>, error: &Error, count: usize) {
        voice.unclaimed(error, count);
        self.unclaimed(home, voice, error, count);
    }
}

/// Takes out the waiters for which `holds` is true, in order. Nearly always these are all.
fn take_those(
    waiting: &mut Vec<Waiting<Waiter>>,
    holds: impl Fn(&Waiter) -> bool,
) -> Vec<Waiting<Waiter>> {
    if waiting.iter().all(|waiting| holds(&waiting.waiter)) {
        return std::mem::take(waiting);
    }
    let (those, others) =
        std::mem::take(waiting).into_iter().partition(|waiting| holds(&waiting.waiter));
    *waiting = others;
    those
}

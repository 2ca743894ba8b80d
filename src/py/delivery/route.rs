//! Routes settled batches: sorts the results of one turn of the core by the port that completes
//! them, and answers blocked threads itself. Runs on the core's thread, without the interpreter.

use std::sync::Arc;

use super::dispatcher;
use super::user_code::UserCode;
use super::work::{Task, Work};
use crate::error::Error;
use crate::producer::{Settled, SettledBatch, Waiting};
use crate::py::waiters::answer::{Answer, Learned};
use crate::py::waiters::group::{Group, Settling};
use crate::py::waiters::port::{Item, Items, Port, WAITERS_PER_TURN};
use crate::py::waiters::waiter::Waiter;

/// Routes what one turn of the core has settled.
pub(crate) fn route(home: &Arc<Port>, user_code: &Arc<UserCode>, settled: Vec<Settled<Waiter>>) {
    let mut mail = Mail::new(home, user_code);
    for settled in settled {
        match settled {
            Settled::Call { waiter, result } => mail.call(waiter, result),
            Settled::Batch(batch) => {
                if let (Err(error), count @ 1..) = (&batch.outcome, batch.unclaimed) {
                    mail.unclaimed(error, count);
                }
                mail.batch(batch);
            }
        }
    }
    // Before any result is delivered: a waiter that gets its result may close the producer.
    for (port, items) in &mut mail.by_port {
        port.orphan_if_closed(items);
    }
    for (port, items) in mail.by_port {
        dispatcher::push(&port, items);
    }
    // After the ports: a thread that wakes up can rely on callbacks being queued already.
    for (answer, learned) in mail.answers {
        answer.fill(learned);
    }
}

struct Mail<'a> {
    home: &'a Arc<Port>,
    user_code: &'a Arc<UserCode>,
    by_port: Vec<(Arc<Port>, Items)>,
    answers: Vec<(Arc<Answer>, Result<Learned, Error>)>,
}

impl<'a> Mail<'a> {
    fn new(home: &'a Arc<Port>, user_code: &'a Arc<UserCode>) -> Self {
        Self { home, user_code, by_port: Vec::new(), answers: Vec::new() }
    }

    fn add(&mut self, port: &Arc<Port>, task: Task) {
        let item: Box<dyn Item> = Work::item(self.user_code, task);
        match self.by_port.iter_mut().find(|(known, _)| Arc::ptr_eq(known, port)) {
            Some((_, items)) => items.push(item),
            None => self.by_port.push((Arc::clone(port), vec![item])),
        }
    }

    fn call(&mut self, waiter: Waiter, result: Result<(), Error>) {
        match waiter {
            Waiter::Thread(answer) => self.answers.push((answer, result.map(|()| Learned::Done))),
            waiter => {
                let Some(port) = waiter.port().cloned() else { return };
                self.add(&port, Task::Complete(Settled::Call { waiter, result }));
            }
        }
    }

    /// Splits a batch by the ports of its waiters. Nearly always all waiters have the same port.
    fn batch(&mut self, mut batch: SettledBatch<Waiter>) {
        while let Some(first) = batch.waiting.first() {
            let Some(port) = first.waiter.port().cloned() else {
                self.direct(&mut batch);
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
            self.add(&port, Task::Complete(Settled::Batch(piece)));
        }
    }

    /// Handles waiters without a port: blocked threads, and members of batch calls.
    fn direct(&mut self, batch: &mut SettledBatch<Waiter>) {
        let mine = take_those(&mut batch.waiting, |waiter| waiter.port().is_none());
        let same = |a: &Waiting<Waiter>, b: &Waiting<Waiter>| match (&a.waiter, &b.waiter) {
            (Waiter::Member { group: a, .. }, Waiter::Member { group: b, .. }) => Arc::ptr_eq(a, b),
            _ => false,
        };
        for of_one in mine.chunk_by(same) {
            match &of_one[0].waiter {
                Waiter::Member { group, .. } => self.members(batch, group, of_one),
                Waiter::Thread(answer) => self.thread(batch, answer, &of_one[0]),
                Waiter::Future { .. } | Waiter::Promise { .. } | Waiter::Callback(_) => {
                    unreachable!("these have a port")
                }
            }
        }
    }

    fn thread(
        &mut self,
        batch: &SettledBatch<Waiter>,
        answer: &Arc<Answer>,
        waiting: &Waiting<Waiter>,
    ) {
        if let Err(error) = &batch.outcome
            && Arc::strong_count(answer) == 1
        {
            // The thread was interrupted, and no longer waits.
            return self.unclaimed(error, 1);
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
        batch: &SettledBatch<Waiter>,
        group: &Arc<Group<Waiter>>,
        members: &[Waiting<Waiter>],
    ) {
        let count = members.iter().map(|waiting| waiting.count as usize).sum();
        match (group.settle(batch, members, Waiter::index), &batch.outcome) {
            (Settling::Recorded(Some(waiter)), _) => self.call(waiter, Ok(())),
            (Settling::Abandoned, Err(error)) => self.unclaimed(error, count),
            (Settling::Recorded(None), _) | (Settling::Abandoned, Ok(_)) => {}
        }
    }

    /// Counts failures that no caller receives, and has them reported: in pieces, so that a reader
    /// gets to its other work in between.
    fn unclaimed(&mut self, error: &Error, count: usize) {
        self.user_code.unclaimed().add(error, count);
        let mut left = count;
        while left > 0 {
            let piece = left.min(WAITERS_PER_TURN);
            self.add(self.home, Task::Report(error.clone(), piece));
            left -= piece;
        }
    }
}

/// Takes out the waiters for which `holds` is true, in order. Nearly always this is all of them.
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

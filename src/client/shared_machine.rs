//! The machine behind its lock, and the wake-up of its driver. The driver checks the machine under
//! the lock, then sleeps until it is woken. A caller that changes the machine learns under the same
//! lock whether the driver must run before its next timeout.

use std::ops::{Deref, DerefMut};
use std::time::Instant;

use super::sync::{Mutex, MutexGuard, Notify};
use crate::error::Error;
use crate::producer::{Haste, Machine, OwnedRecord, Produced, Ticket, Who};
use crate::record::Record;

/// The state of a record after it was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handed {
    /// In a batch, or settled already.
    Batched,
    /// In a batch that should be sent at once and cannot be yet, mostly because other requests are
    /// in flight.
    Behind,
    /// Waiting for its topic, or for its caller to choose a partition.
    Held(Ticket),
    /// Waiting in the memory queue.
    Waits(Ticket),
}

/// The states of records that were handed over together.
#[derive(Debug)]
pub struct HandedMany<W> {
    /// Records that wait for their topic, or for their caller to choose a partition.
    pub held: Vec<Ticket>,
    /// Records in the memory queue.
    pub waits: Vec<Ticket>,
    /// Records that were not accepted, and why.
    pub refused: Vec<(Error, Option<W>)>,
}

/// The machine, shared by callers and the driver.
#[derive(Debug)]
pub(super) struct SharedMachine<W> {
    machine: Mutex<Machine<W>>,
    /// Notified when the machine has work that the driver does not expect. A notification while the
    /// driver is awake ends its next sleep.
    wake: Notify,
}

/// The locked machine. If the lock's holder panics, the driver is woken to notice it.
#[derive(Debug)]
pub(super) struct LockedMachine<'a, W> {
    machine: MutexGuard<'a, Machine<W>>,
    wake: &'a Notify,
}

impl<W> Deref for LockedMachine<'_, W> {
    type Target = Machine<W>;

    fn deref(&self) -> &Machine<W> {
        &self.machine
    }
}

impl<W> DerefMut for LockedMachine<'_, W> {
    fn deref_mut(&mut self) -> &mut Machine<W> {
        &mut self.machine
    }
}

impl<W> Drop for LockedMachine<'_, W> {
    #[inline]
    fn drop(&mut self) {
        if std::thread::panicking() {
            wake_after_panic(self.wake);
        }
    }
}

/// Kept out of `drop`, which runs for every record.
#[cold]
fn wake_after_panic(wake: &Notify) {
    wake.notify_one();
}

impl<W> SharedMachine<W> {
    pub(super) fn new(machine: Machine<W>) -> Self {
        Self { machine: Mutex::new(machine), wake: Notify::new() }
    }

    /// Locks the machine for a caller. After a panic under the lock, the machine accepts nothing
    /// more.
    pub(super) fn machine(&self) -> LockedMachine<'_, W> {
        let machine = self.machine.lock().unwrap_or_else(|poisoned| {
            let mut machine = poisoned.into_inner();
            machine.poison();
            machine
        });
        LockedMachine { machine, wake: &self.wake }
    }

    /// Locks the machine for the driver. If a panic has left the machine half-changed, this panics
    /// as well, and `core::run` fails the machine's waiters.
    pub(super) fn driven(&self) -> LockedMachine<'_, W> {
        let machine = self.machine.lock().expect("no caller panicked while it held the machine");
        LockedMachine { machine, wake: &self.wake }
    }

    /// Accepts a record; see [`Machine::produce`]. If there is no room for it, a copy of its bytes
    /// joins the memory queue. A refused waiter is dropped after the lock is released, as its
    /// destructor may run any code.
    pub(super) fn produce(
        &self,
        now: impl Fn() -> Instant,
        topic: &str,
        partition: Option<i32>,
        record: &Record<'_>,
        who: impl Who<W>,
        haste: Haste,
    ) -> Result<Handed, Error> {
        let mut machine = self.machine();
        // Reading the clock costs about as much as joining a batch, which mostly needs no time.
        let waiter = match machine.join(&now, topic, partition, record, who, haste) {
            Ok(joined) => {
                drop(machine);
                if joined.work {
                    self.wake();
                } else if haste == Haste::AtOnce {
                    return Ok(Handed::Behind);
                }
                return Ok(Handed::Batched);
            }
            Err(who) => who.make(),
        };
        let taken = produce_or_wait(&mut machine, now(), topic, partition, record, waiter, haste);
        drop(machine);
        let (handed, work) = taken.map_err(|(error, _waiter)| error)?;
        if work {
            self.wake();
        }
        Ok(handed)
    }

    /// Accepts records in order; they are sent [together](Haste::Together).
    pub(super) fn produce_many<'a, N: Who<W>>(
        &self,
        now: Instant,
        records: impl Iterator<Item = (&'a str, Option<i32>, Record<'a>, N)>,
    ) -> HandedMany<W> {
        let mut many = HandedMany { held: Vec::new(), waits: Vec::new(), refused: Vec::new() };
        let mut wakes = false;
        let mut machine = self.machine();
        for (topic, partition, record, who) in records {
            let haste = Haste::Together;
            let waiter = match machine.join(|| now, topic, partition, &record, who, haste) {
                Ok(joined) => {
                    wakes |= joined.work;
                    continue;
                }
                Err(who) => who.make(),
            };
            match produce_or_wait(&mut machine, now, topic, partition, &record, waiter, haste) {
                Ok((handed, work)) => {
                    wakes |= work;
                    match handed {
                        Handed::Batched | Handed::Behind => {}
                        Handed::Held(ticket) => many.held.push(ticket),
                        Handed::Waits(ticket) => many.waits.push(ticket),
                    }
                }
                Err(refused) => many.refused.push(refused),
            }
        }
        drop(machine);
        if wakes {
            self.wake();
        }
        many
    }

    /// Passes a waiter to the machine, or returns it if the core has ended.
    pub(super) fn submit<T>(&self, waiter: T, what: impl FnOnce(&mut Machine<W>, T)) -> Option<T> {
        let mut machine = self.machine();
        if machine.is_finished() {
            return Some(waiter);
        }
        what(&mut machine, waiter);
        drop(machine);
        self.wake();
        None
    }

    /// Wakes the driver, or ends its next sleep at once.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Sleeps until [`Self::wake`] has been called since the last sleep.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }
}

/// Returns the state of the record, and whether the driver must run.
fn produce_or_wait<W>(
    machine: &mut Machine<W>,
    now: Instant,
    topic: &str,
    partition: Option<i32>,
    record: &Record<'_>,
    waiter: Option<W>,
    haste: Haste,
) -> Result<(Handed, bool), (Error, Option<W>)> {
    match machine.produce(now, topic, partition, record, waiter, haste)? {
        Produced::Accepted { ticket, work, is_held } => {
            Ok((if is_held { Handed::Held(ticket) } else { Handed::Batched }, work))
        }
        Produced::Full(waiter) => {
            let copy = match OwnedRecord::copy(record) {
                Ok(copy) => copy,
                Err(error) => return Err((error, waiter)),
            };
            let ticket = machine.wait(now, topic, partition, copy, waiter, haste)?;
            // The driver must make room, and may be sleeping until a later timeout.
            Ok((Handed::Waits(ticket), true))
        }
    }
}

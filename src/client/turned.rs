//! The machine behind its lock, and what wakes the driver who turns it. The driver looks under
//! the lock, then sleeps until he is told; whoever changes the machine says under the same lock
//! whether the change is one that the driver would not come to by himself.

use std::ops::{Deref, DerefMut};
use std::time::Instant;

use super::sync::{Mutex, MutexGuard, Notify};
use crate::error::Error;
use crate::producer::{Haste, Machine, OwnedRecord, Produced, Ticket, Who};
use crate::record::Record;

/// How far a record got when it was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handed {
    /// Into a batch, or it is settled already.
    Batched,
    /// Into a batch that does not leave at once, though it is to: mostly because others are on
    /// their way.
    Behind,
    /// It waits for its topic, or to be placed.
    Held(Ticket),
    /// It waits for memory.
    Waits(Ticket),
}

/// What became of records that were handed over in one go.
#[derive(Debug)]
pub struct HandedMany<W> {
    /// Those that wait for their topic, or to be placed.
    pub held: Vec<Ticket>,
    /// Those that wait for memory.
    pub waits: Vec<Ticket>,
    /// Those that were not taken in, and why.
    pub refused: Vec<(Error, Option<W>)>,
}

/// A machine that callers hand things to and a driver turns.
#[derive(Debug)]
pub(super) struct Turned<W> {
    machine: Mutex<Machine<W>>,
    /// Told when the machine has something to do that its driver does not expect. It keeps what
    /// it was told while nobody slept.
    wake: Notify,
}

/// The machine, locked. If its holder panics, the driver is woken to see that.
#[derive(Debug)]
pub(super) struct Held<'a, W> {
    machine: MutexGuard<'a, Machine<W>>,
    wake: &'a Notify,
}

impl<W> Deref for Held<'_, W> {
    type Target = Machine<W>;

    fn deref(&self) -> &Machine<W> {
        &self.machine
    }
}

impl<W> DerefMut for Held<'_, W> {
    fn deref_mut(&mut self) -> &mut Machine<W> {
        &mut self.machine
    }
}

impl<W> Drop for Held<'_, W> {
    #[inline]
    fn drop(&mut self) {
        if std::thread::panicking() {
            wake_after_panic(self.wake);
        }
    }
}

/// Apart from the drop, which every record pays for.
#[cold]
fn wake_after_panic(wake: &Notify) {
    wake.notify_one();
}

impl<W> Turned<W> {
    pub(super) fn new(machine: Machine<W>) -> Self {
        Self { machine: Mutex::new(machine), wake: Notify::new() }
    }

    /// For callers. After a panic under the lock, the machine takes nothing more from them.
    pub(super) fn machine(&self) -> Held<'_, W> {
        let machine = self.machine.lock().unwrap_or_else(|poisoned| {
            let mut machine = poisoned.into_inner();
            machine.break_down();
            machine
        });
        Held { machine, wake: &self.wake }
    }

    /// For the driver, who does not go on with a machine that a panic left half-changed: it panics
    /// itself, and the machine's waiters are told by `core::run`.
    pub(super) fn driven(&self) -> Held<'_, W> {
        let machine = self.machine.lock().expect("no caller panicked while it held the machine");
        Held { machine, wake: &self.wake }
    }

    /// Takes a record in; see [`Machine::produce`]. Where there is no memory it takes its place
    /// in line, with a copy of its bytes. A refused waiter is dropped after the lock, as his end
    /// may run any code.
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
        // Telling the time costs about as much as joining a batch, which mostly needs none.
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
        let taken = take_in(&mut machine, now(), topic, partition, record, waiter, haste);
        drop(machine);
        let (handed, work) = taken.map_err(|(error, _waiter)| error)?;
        if work {
            self.wake();
        }
        Ok(handed)
    }

    /// Takes many in, in order; they leave [together](Haste::Together).
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
            match take_in(&mut machine, now, topic, partition, &record, waiter, haste) {
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

    /// Hands a waiter to the machine, unless nobody turns it any more.
    pub(super) fn tell<T>(&self, waiter: T, what: impl FnOnce(&mut Machine<W>, T)) -> Option<T> {
        let mut machine = self.machine();
        if machine.is_finished() {
            return Some(waiter);
        }
        what(&mut machine, waiter);
        drop(machine);
        self.wake();
        None
    }

    /// Has the driver look, now or before he sleeps next.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Sleeps until somebody has called [`Self::wake`] since the last sleep ended.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }
}

/// Says how far the record got, and whether the driver is to look.
fn take_in<W>(
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
            // The driver makes room, and may have thought that there was time.
            Ok((Handed::Waits(ticket), true))
        }
    }
}

//! The machine behind its lock, and what wakes the driver who turns it. The driver looks under
//! the lock, then sleeps until he is told; whoever changes the machine says under the same lock
//! whether the change is one that the driver would not come to by himself.

use std::time::Instant;

use super::sync::{Mutex, MutexGuard, Notify, PoisonError};
use crate::error::Result;
use crate::producer::{Machine, OwnedRecord, Produced, Ticket};
use crate::record::Record;

/// How far a record got when it was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handed {
    /// Into a batch, or it is settled already.
    Batched,
    /// It waits for its topic, or to be placed.
    Held(Ticket),
    /// It waits for memory.
    Waits(Ticket),
}

/// A machine that callers hand things to and a driver turns.
#[derive(Debug)]
pub(super) struct Turned<W> {
    machine: Mutex<Machine<W>>,
    /// Told when the machine has something to do that its driver does not expect. It keeps what
    /// it was told while nobody slept.
    wake: Notify,
}

impl<W> Turned<W> {
    pub(super) fn new(machine: Machine<W>) -> Self {
        Self { machine: Mutex::new(machine), wake: Notify::new() }
    }

    pub(super) fn machine(&self) -> MutexGuard<'_, Machine<W>> {
        // After a panic the machine only gives up what it holds: see `handle::run`.
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a record in; see [`Machine::produce`]. Where there is no memory it takes its place
    /// in line, with a copy of its bytes. A refused waiter is dropped after the lock, as his end
    /// may run any code.
    pub(super) fn produce(
        &self,
        now: Instant,
        topic: &str,
        partition: Option<i32>,
        record: &Record<'_>,
        mut waiter: Option<W>,
        urgent: bool,
    ) -> Result<Handed> {
        let mut machine = self.machine();
        machine.check_open()?;
        match machine.produce(now, topic, partition, record, waiter.take(), urgent)? {
            Produced::Accepted { ticket, work, is_held } => {
                drop(machine);
                if work {
                    self.wake();
                }
                Ok(if is_held { Handed::Held(ticket) } else { Handed::Batched })
            }
            Produced::Full(waiter) => {
                let copy = Box::new(OwnedRecord::copy(record));
                let waits = machine.wait(now, topic, partition, copy, waiter, urgent);
                drop(machine);
                // Who makes room is the driver, who may have thought that there was time.
                self.wake();
                waits.map(Handed::Waits).map_err(|refused| refused.error)
            }
        }
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

//! The machine behind its lock, and what wakes the driver who turns it. The driver looks under
//! the lock, then sleeps until he is told; whoever changes the machine says under the same lock
//! whether the change is one that the driver would not come to by himself.

use std::time::Instant;

use super::sync::{Mutex, MutexGuard, Notify, PoisonError};
use crate::error::Result;
use crate::producer::{Machine, OwnedRecord, Produced};
use crate::record::Record;

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

    /// Takes a record in; see [`Machine::produce`].
    pub(super) fn produce(
        &self,
        now: Instant,
        topic: &str,
        partition: Option<i32>,
        record: &Record<'_>,
        waiter: Option<W>,
        urgent: bool,
    ) -> Result<()> {
        let mut machine = self.machine();
        let work = match machine.produce(now, topic, partition, record, waiter, urgent)? {
            Produced::Accepted { work, .. } => work,
            Produced::Full(waiter) => {
                // It takes its place in line, with a copy of its bytes. Who makes room is the
                // driver, and he looks at the line by himself.
                let copy = Box::new(OwnedRecord::copy(record));
                let waits = machine.wait(now, topic, partition, copy, waiter, urgent);
                waits.map_err(|refused| refused.error)?;
                false
            }
        };
        drop(machine);
        if work {
            self.wake();
        }
        Ok(())
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

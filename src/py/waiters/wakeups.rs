//! Callbacks of completed futures that the loop has yet to call. The loop would create a handle in
//! Python for each, which costs more than everything else for a message. Here one handle serves all
//! callbacks of a turn. If there are several, a second handle is scheduled: if the first callback
//! runs the loop again, as notebooks do, the others are called there.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

/// The callback of a completed future, and the context to call it in.
#[derive(Debug)]
pub(crate) struct Wakeup {
    pub(crate) future: Py<PyAny>,
    pub(crate) function: Py<PyAny>,
    pub(crate) context: Py<PyAny>,
}

/// In order. Locked only with the interpreter held, and never while Python code runs.
#[derive(Debug, Default)]
pub(crate) struct Wakeups(Mutex<Due>);

#[derive(Debug, Default)]
struct Due {
    queue: VecDeque<Wakeup>,
    /// The number of callbacks that were taken from the queue so far.
    before: u64,
    /// The loop is asked to call up to this one, counted from the beginning.
    asked_to: u64,
}

impl Due {
    /// The number of callbacks that were ever queued.
    fn count(&self) -> u64 {
        self.before + self.queue.len() as u64
    }
}

impl Wakeups {
    fn due(&self) -> MutexGuard<'_, Due> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets that the loop was asked. It reads results now, so it has called the handle, or lost
    /// it because a signal handler raised. At worst it is asked once too often.
    pub(crate) fn results_came(&self) {
        self.due().asked_to = 0;
    }

    /// Asks the loop to call what is queued, unless it is asked already. `call_soon` receives the
    /// count up to which the handle calls.
    pub(crate) fn ask(&self, call_soon: impl FnOnce(u64) -> PyResult<()>) -> PyResult<()> {
        let mut due = self.due();
        let count = due.count();
        if due.queue.is_empty() || due.asked_to >= count {
            return Ok(());
        }
        due.asked_to = count;
        drop(due);
        // A signal handler may raise in there.
        call_soon(count).inspect_err(|_| self.due().asked_to = 0)
    }

    /// Calls the callbacks up to a count. Later ones must wait: other callbacks of the loop come
    /// before them. If there are several, the loop is asked again first: the first callback may run
    /// the loop and wait for another one, or end the program.
    pub(crate) fn call(
        &self,
        up_to: u64,
        call_soon: impl FnOnce(u64) -> PyResult<()>,
        call: impl Fn(Wakeup) -> PyResult<()>,
    ) -> PyResult<()> {
        let mut due = self.due();
        let are_several = due.before + 1 < up_to && due.queue.len() > 1;
        if are_several {
            due.asked_to = 0;
        }
        drop(due);
        if are_several {
            self.ask(call_soon)?;
        }
        while let Some(next) = self.take(up_to) {
            call(next)?;
        }
        Ok(())
    }

    fn take(&self, up_to: u64) -> Option<Wakeup> {
        let mut due = self.due();
        if due.before >= up_to {
            return None;
        }
        let next = due.queue.pop_front()?;
        due.before += 1;
        Some(next)
    }

    /// Drops everything. The loop has ended.
    pub(crate) fn clear(&self) {
        let mut due = self.due();
        due.before = due.count();
        let forgotten = std::mem::take(&mut due.queue);
        drop(due);
        drop(forgotten);
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Ok(due) = self.0.try_lock() else { return Ok(()) };
        due.queue.iter().try_for_each(|wakeup| {
            visit.call(&wakeup.future)?;
            visit.call(&wakeup.function)?;
            visit.call(&wakeup.context)
        })
    }
}

/// The queue of callbacks, and the way to ask the loop.
pub(crate) struct Waking<'a> {
    wakeups: &'a Wakeups,
    call_soon: &'a dyn Fn(u64) -> PyResult<()>,
}

impl<'a> Waking<'a> {
    pub(crate) fn new(wakeups: &'a Wakeups, call_soon: &'a dyn Fn(u64) -> PyResult<()>) -> Self {
        Self { wakeups, call_soon }
    }

    pub(crate) fn push(&self, wakeup: Wakeup) {
        self.wakeups.due().queue.push_back(wakeup);
    }

    /// Asks the loop to call what is queued, before anything else that it is asked to call next.
    pub(crate) fn ask(&self) -> PyResult<()> {
        self.wakeups.ask(self.call_soon)
    }
}

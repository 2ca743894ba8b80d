//! Those who waited for futures that are done by now, and are to be called. The loop would call
//! each of them through a handle, which it makes in Python, and which costs more than all that we
//! do for a message; here one handle is enough for all of a turn, and one more where there are
//! several: should one of them run the loop anew, as notebooks do it, the others are called there.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

/// Who waited for a future that is done, and the context to call him in.
#[derive(Debug)]
pub(crate) struct Wakeup {
    pub(crate) future: Py<PyAny>,
    pub(crate) function: Py<PyAny>,
    pub(crate) context: Py<PyAny>,
}

/// In order. Locked only with the interpreter held, and never while anything of Python's runs.
#[derive(Debug, Default)]
pub(crate) struct Wakeups(Mutex<Due>);

#[derive(Debug, Default)]
struct Due {
    queue: VecDeque<Wakeup>,
    /// How many there were before the first of the queue.
    before: u64,
    /// How many, from the beginning, the loop is asked to call.
    asked_to: u64,
}

impl Due {
    /// How many there were from the beginning.
    fn count(&self) -> u64 {
        self.before + self.queue.len() as u64
    }
}

impl Wakeups {
    fn due(&self) -> MutexGuard<'_, Due> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The loop reads results: whatever it was asked before it has done by now, or has lost because
    /// a signal's handler raised in its place. It may be asked once too often.
    pub(crate) fn results_came(&self) {
        self.due().asked_to = 0;
    }

    /// Asks the loop to call those who are there, unless it is asked already. `call_soon` is given
    /// the count up to which the loop's handle calls.
    pub(crate) fn ask(&self, call_soon: impl FnOnce(u64) -> PyResult<()>) -> PyResult<()> {
        let mut due = self.due();
        let count = due.count();
        if due.queue.is_empty() || due.asked_to >= count {
            return Ok(());
        }
        due.asked_to = count;
        drop(due);
        // A signal's handler may raise in there.
        call_soon(count).inspect_err(|_| self.due().asked_to = 0)
    }

    /// Calls those up to a count; the loop does it. Those who came later have others of the loop's
    /// callbacks before them. It is asked again before, if there are several: the first may run the
    /// loop anew and wait for another, or end the program.
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

    /// Forgets them: their loop has ended.
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

/// Where those are left who are to be called, and how the loop is asked to.
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

    /// Asks the loop to call those who are there, before others that it is asked to call next.
    pub(crate) fn ask(&self) -> PyResult<()> {
        self.wakeups.ask(self.call_soon)
    }
}

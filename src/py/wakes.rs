//! Those who waited for futures that are done by now, and are to be called. The loop would call
//! each of them through a handle, which it makes in Python, and which costs more than all that we
//! do for a message; here one handle is enough for all of a turn, and one more where there are
//! several: should one of them run the loop anew, as notebooks do it, the others are called there.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit, intern};

use super::callbacks;
use super::calls::method;

/// Who waited for a future that is done, and the context to call him in.
#[derive(Debug)]
pub(super) struct Wake {
    pub(super) future: Py<PyAny>,
    pub(super) function: Py<PyAny>,
    pub(super) context: Py<PyAny>,
}

/// In order. Locked only with the interpreter held, and never while anything of Python's runs.
#[derive(Debug, Default)]
pub(super) struct Wakes(Mutex<Due>);

#[derive(Debug, Default)]
struct Due {
    queue: VecDeque<Wake>,
    /// Whether the loop is asked already to call them.
    is_asked: bool,
}

impl Wakes {
    fn due(&self) -> MutexGuard<'_, Due> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, wake: Wake) {
        self.due().queue.push_back(wake);
    }

    /// The loop reads results: whatever it was asked before it has done by now, or has lost because
    /// a signal's handler raised in its place. It may be asked once too often.
    pub(super) fn results_came(&self) {
        self.due().is_asked = false;
    }

    /// Asks the loop to call them, if there are any and it is not asked already.
    pub(super) fn ask(&self, call_soon: impl FnOnce() -> PyResult<()>) -> PyResult<()> {
        let mut due = self.due();
        if due.queue.is_empty() || due.is_asked {
            return Ok(());
        }
        due.is_asked = true;
        drop(due);
        // A signal's handler may raise in there.
        call_soon().inspect_err(|_| self.due().is_asked = false)
    }

    /// Calls them; the loop does it. It is asked again before, if there are several: the first may
    /// run the loop anew and wait for another, or end the program.
    pub(super) fn call(
        &self,
        py: Python<'_>,
        call_soon: impl FnOnce() -> PyResult<()>,
    ) -> PyResult<()> {
        let mut due = self.due();
        due.is_asked = false;
        let are_several = due.queue.len() > 1;
        drop(due);
        if are_several {
            self.ask(call_soon)?;
        }
        loop {
            let next = self.due().queue.pop_front();
            match next {
                Some(next) => next.call(py)?,
                None => return Ok(()),
            }
        }
    }

    /// Forgets them: their loop has ended.
    pub(super) fn clear(&self) {
        let forgotten = std::mem::take(&mut self.due().queue);
        drop(forgotten);
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Ok(due) = self.0.try_lock() else { return Ok(()) };
        due.queue.iter().try_for_each(|wake| {
            visit.call(&wake.future)?;
            visit.call(&wake.function)?;
            visit.call(&wake.context)
        })
    }
}

impl Wake {
    /// As the loop does it: only what is meant to end the program goes on.
    fn call(self, py: Python<'_>) -> PyResult<()> {
        let Self { future, function, context } = self;
        let (function, future) = (function.bind(py), future.bind(py));
        match method(context.bind(py), intern!(py, "run"), [function, future]) {
            Ok(_) => Ok(()),
            Err(error) => callbacks::contain(function, future, error),
        }
    }
}

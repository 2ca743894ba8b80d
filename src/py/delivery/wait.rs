//! Blocks a thread until the core has filled its answer. The interpreter is free meanwhile, and
//! Ctrl-C ends the wait.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyException;
use pyo3::prelude::*;

use crate::py::base::calls::call_alone;
use crate::py::base::errors::to_python;
use crate::py::base::generation::Generation;
use crate::py::base::interrupts::wait_interruptibly;
use crate::py::base::running_loop::running;
use crate::py::base::upcalls::upcalls;
use crate::py::waiters::answer::{Answer, Learned};

/// Waits until the answer is filled, at most for `limit`. Returns `None` if it was not. `meanwhile`
/// does from time to time what another thread cannot do while this one waits.
pub(crate) fn wait_for(
    py: Python<'_>,
    answer: &Answer,
    limit: Option<Duration>,
    meanwhile: impl Fn() -> PyResult<()>,
) -> PyResult<Option<Learned>> {
    let generation = Generation::current();
    warn_if_loop_is_blocked(py)?;
    generation.check()?;
    let until = limit.and_then(|limit| Instant::now().checked_add(limit));
    let left = || until.map(|until| until.saturating_duration_since(Instant::now()));
    match wait_interruptibly(py, generation, left, |slice| answer.take(slice), meanwhile)? {
        Some(learned) => learned.map(Some).map_err(|error| to_python(py, &error)),
        None => Ok(None),
    }
}

/// Warns, once in a process, that a thread waits and blocks its event loop.
fn warn_if_loop_is_blocked(py: Python<'_>) -> PyResult<()> {
    static HAS_WARNED: AtomicBool = AtomicBool::new(false);
    let warn = || {
        if HAS_WARNED.load(Ordering::Relaxed) || running(py)?.is_none() {
            return Ok(());
        }
        HAS_WARNED.store(true, Ordering::Relaxed);
        call_alone(upcalls(py)?.warn_of_blocked_loop.bind(py)).map(drop)
    };
    match warn() {
        // The wait goes on, whatever a logging handler raises.
        Err(error) if error.is_instance_of::<PyException>(py) => {
            error.write_unraisable(py, None);
            Ok(())
        }
        warned => warned,
    }
}

//! Waits that Ctrl-C ends.

use std::time::Duration;

use pyo3::prelude::*;

use super::calls::detached;
use super::generation::Generation;

/// How often a wait checks whether a signal has arrived.
pub(crate) const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// Blocks until `take` returns a value, without the interpreter. Between the slices of the wait it
/// runs signal handlers, and `meanwhile` does what another thread cannot do while this one waits.
/// Returns `None` when there is no time `left`; fails if the process has forked since `generation`.
pub(crate) fn wait_interruptibly<T: Send>(
    py: Python<'_>,
    generation: Generation,
    left: impl Fn() -> Option<Duration>,
    mut take: impl Send + FnMut(Duration) -> Option<T>,
    mut meanwhile: impl FnMut() -> PyResult<()>,
) -> PyResult<Option<T>> {
    loop {
        let before = left();
        let slice = before.map_or(SIGNAL_CHECK, |left| left.min(SIGNAL_CHECK));
        if let Some(taken) = detached(py, || take(slice)) {
            return Ok(Some(taken));
        }
        py.check_signals()?;
        // A signal handler may have forked.
        generation.check()?;
        meanwhile()?;
        if before == Some(Duration::ZERO) && left() == Some(Duration::ZERO) {
            return Ok(None);
        }
    }
}

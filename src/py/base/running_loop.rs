//! The event loop that runs in the current thread.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use super::calls::call_alone;
use super::upcalls::upcalls;

/// Returns the loop that runs in this thread, if there is one.
pub(crate) fn running(py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    let running = call_alone(upcalls(py)?.running_loop.bind(py))?;
    Ok(Some(running).filter(|running| !running.is_none()))
}

/// Returns the loop that runs in this thread. Fails without one, and names the call that needs it.
pub(crate) fn needed<'py>(py: Python<'py>, call: &str) -> PyResult<Bound<'py, PyAny>> {
    running(py)?.ok_or_else(|| {
        PyRuntimeError::new_err(format!(
            "{call}() needs a running event loop: await it in a coroutine, for example under \
             asyncio.run(main()); without asyncio, use dekaf.SyncProducer"
        ))
    })
}

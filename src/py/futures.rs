//! A loop's futures: made, completed, and asked whether anybody still looks at them.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

use super::aio::Unsend;
use super::callbacks;
use super::calls::{method0, method1, method2};
use super::errors::to_python;
use super::imported;
use crate::error::Error;

/// A new future of a loop.
pub(super) fn of_loop<'py>(running: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    method0(running, intern!(running.py(), "create_future"))
}

/// What a future calls when it is done, and in which context.
struct Callback<'py> {
    function: Bound<'py, PyAny>,
    context: Bound<'py, PyAny>,
}

pub(super) fn set_result(future: &Bound<'_, PyAny>, result: &Bound<'_, PyAny>) -> PyResult<()> {
    complete(future, intern!(future.py(), "set_result"), result)
}

pub(super) fn set_exception(future: &Bound<'_, PyAny>, error: &Error) -> PyResult<()> {
    let py = future.py();
    let exception = to_python(py, error).into_value(py).into_bound(py).into_any();
    complete(future, intern!(py, "set_exception"), &exception)
}

/// Completes a future of ours, on its loop. If a single one waits for it, as nearly always, it is
/// called here and now: the loop would call it next in any case, but make a handle for it first,
/// in Python, which costs more than all that we do.
fn complete<'py>(
    future: &Bound<'py, PyAny>,
    method: &Bound<'py, PyString>,
    outcome: &Bound<'py, PyAny>,
) -> PyResult<()> {
    let py = future.py();
    let waits = take_callback(future)?;
    match method1(future, method, outcome) {
        Ok(_) => waits.map_or(Ok(()), |callback| callback.call(future)),
        // It was cancelled and wants nothing; nobody else completes ours.
        Err(error) if is_invalid_state(py, &error)? => Ok(()),
        Err(error) => Err(error),
    }
}

/// Takes out who waits for a future, if that is one and the future tells.
fn take_callback<'py>(future: &Bound<'py, PyAny>) -> PyResult<Option<Callback<'py>>> {
    let py = future.py();
    let Some(callbacks) = future.getattr_opt(intern!(py, "_callbacks"))? else { return Ok(None) };
    if callbacks.is_none() || callbacks.len()? != 1 {
        return Ok(None);
    }
    let callback = callbacks.get_item(0)?;
    let callback = Callback { function: callback.get_item(0)?, context: callback.get_item(1)? };
    method1(future, intern!(py, "remove_done_callback"), &callback.function)?;
    Ok(Some(callback))
}

impl Callback<'_> {
    /// As the loop does it: only what is meant to end the program goes on.
    fn call(self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        let Self { function, context } = self;
        let arguments = (&function, future);
        match method2(&context, intern!(future.py(), "run"), arguments) {
            Ok(_) => Ok(()),
            Err(error) => callbacks::contain(&function, future, error),
        }
    }
}

fn is_invalid_state(py: Python<'_>, error: &PyErr) -> PyResult<bool> {
    static INVALID: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let invalid = imported(&INVALID, py, "asyncio", "InvalidStateError")?;
    Ok(error.matches(py, invalid).unwrap_or_else(|never| match never {}))
}

/// Whether anybody can still learn a future's result: it is not cancelled, and somebody else
/// holds it, or has a callback there.
pub(super) fn is_claimed(future: &Bound<'_, PyAny>) -> PyResult<bool> {
    #[expect(unsafe_code, reason = "PyO3 has no safe way to count references")]
    // SAFETY: the interpreter is held, and `future` is a live object.
    let holders = unsafe { pyo3::ffi::Py_REFCNT(future.as_ptr()) };
    if holders == 1 && !has_callbacks(future)? {
        return Ok(false);
    }
    Ok(!method0(future, intern!(future.py(), "cancelled"))?.is_truthy()?)
}

/// Whether anybody but us is told when it is done. Futures that do not say are taken for such.
fn has_callbacks(future: &Bound<'_, PyAny>) -> PyResult<bool> {
    let Some(callbacks) = future.getattr_opt(intern!(future.py(), "_callbacks"))? else {
        return Ok(true);
    };
    if callbacks.is_none() {
        return Ok(false);
    }
    for callback in callbacks.try_iter()? {
        if !callback?.get_item(0)?.is_instance_of::<Unsend>() {
            return Ok(true);
        }
    }
    Ok(false)
}

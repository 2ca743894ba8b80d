//! The futures of event loops.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use super::unsend::Unsend;
use crate::error::Error;
use crate::py::base::calls::{iterate, method};
use crate::py::base::errors::to_python;
use crate::py::base::upcalls::upcalls;
use crate::py::waiters::wakeups::{Wakeup, Waking};

/// Creates a future of a loop.
pub(crate) fn of_loop<'py>(running: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    method(running, intern!(running.py(), "create_future"), [])
}

/// Completes a future on its loop, with a result. Its callback is queued.
pub(crate) fn set_result(
    future: &Bound<'_, PyAny>,
    result: &Bound<'_, PyAny>,
    waking: &Waking<'_>,
) -> PyResult<()> {
    complete(future, intern!(future.py(), "set_result"), result, waking)
}

/// Completes a future on its loop, with an exception. Its callback is queued.
pub(crate) fn set_exception(
    future: &Bound<'_, PyAny>,
    error: &Error,
    waking: &Waking<'_>,
) -> PyResult<()> {
    let py = future.py();
    let exception = to_python(py, error).into_value(py).into_bound(py).into_any();
    complete(future, intern!(py, "set_exception"), &exception, waking)
}

/// Completes a future that has no callbacks yet.
pub(crate) fn finish(future: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = future.py();
    method(future, intern!(py, "set_result"), [py.None().bind(py)]).map(drop)
}

fn complete<'py>(
    future: &Bound<'py, PyAny>,
    how: &Bound<'py, PyString>,
    outcome: &Bound<'py, PyAny>,
    waking: &Waking<'_>,
) -> PyResult<()> {
    let asked = match take_callback(future)? {
        Callbacks::One(wakeup) => {
            waking.push(wakeup);
            Ok(())
        }
        // A signal handler may raise in there. The future is completed all the same.
        Callbacks::Others => waking.ask(),
        Callbacks::None => Ok(()),
    };
    match method(future, how, [outcome]) {
        Ok(_) => asked,
        // The future was cancelled. Nothing else completes our futures.
        Err(error) if is_invalid_state(future.py(), &error)? => asked,
        Err(error) => Err(error),
    }
}

/// Takes the callback out of a future, if there is one, which is nearly always the case. Several
/// are left to the loop: removing one compares it with the others, which may run the user's code.
/// So are those of any future but asyncio's own in C, which alone is known to run no user code
/// here.
fn take_callback(future: &Bound<'_, PyAny>) -> PyResult<Callbacks> {
    let py = future.py();
    if !future.get_type().is(upcalls(py)?.future_class.bind(py)) {
        return Ok(Callbacks::Others);
    }
    let callbacks = future.getattr(intern!(py, "_callbacks"))?;
    if callbacks.is_none() {
        return Ok(Callbacks::None);
    }
    let Ok(callbacks) = callbacks.cast_exact::<PyList>() else { return Ok(Callbacks::Others) };
    if callbacks.len() != 1 {
        return Ok(Callbacks::Others);
    }
    let (function, context) = callbacks.get_item(0)?.extract::<(Bound<'_, PyAny>, _)>()?;
    method(future, intern!(py, "remove_done_callback"), [&function])?;
    Ok(Callbacks::One(Wakeup {
        future: future.clone().unbind(),
        function: function.unbind(),
        context,
    }))
}

enum Callbacks {
    None,
    One(Wakeup),
    /// The loop must call them: there are several, or they cannot be compared safely.
    Others,
}

fn is_invalid_state(py: Python<'_>, error: &PyErr) -> PyResult<bool> {
    let invalid = upcalls(py)?.invalid_state_error.bind(py);
    Ok(error.matches(py, invalid).unwrap_or_else(|never| match never {}))
}

/// Whether a future's result can still be read: it is not cancelled, and there is another reference
/// to it, or a callback.
pub(crate) fn is_claimed(future: &Bound<'_, PyAny>) -> PyResult<bool> {
    #[expect(unsafe_code, reason = "PyO3 has no safe way to count references")]
    // SAFETY: the interpreter is held, and `future` is a live object.
    let holders = unsafe { pyo3::ffi::Py_REFCNT(future.as_ptr()) };
    if holders == 1 && !has_callbacks(future)? {
        return Ok(false);
    }
    Ok(!method(future, intern!(future.py(), "cancelled"), [])?.is_truthy()?)
}

/// Whether a future has callbacks besides [`Unsend`]. True for futures that do not show them.
fn has_callbacks(future: &Bound<'_, PyAny>) -> PyResult<bool> {
    let Some(callbacks) = future.getattr_opt(intern!(future.py(), "_callbacks"))? else {
        return Ok(true);
    };
    if callbacks.is_none() {
        return Ok(false);
    }
    for callback in iterate(&callbacks)? {
        if !callback?.get_item(0)?.is_instance_of::<Unsend>() {
            return Ok(true);
        }
    }
    Ok(false)
}

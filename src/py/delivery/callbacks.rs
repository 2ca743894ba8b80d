//! Calls the user's functions. What they raise goes to the log, and to the exception handler of a
//! running loop; it affects no other message.

use pyo3::exceptions::{PyException, PyKeyboardInterrupt, PySystemExit};
use pyo3::intern;
use pyo3::prelude::*;

use crate::error::Error;
use crate::producer::{Notice, Severity};
use crate::py::base::calls::{call_alone, call_with, method};
use crate::py::base::errors::to_python;
use crate::py::base::upcalls::upcalls;
use crate::py::waiters::port::Stage;
use crate::py::waiters::waiter::Callback;

/// Calls a message's callback in the context of the call that named it.
pub(crate) fn call(
    stage: Stage,
    producer: usize,
    callback: &Callback,
    metadata: &Bound<'_, PyAny>,
    error: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = metadata.py();
    let function = callback.function.bind(py);
    let context = callback.context.fresh(py)?;
    let returned = method(&context, intern!(py, "run"), [function, metadata, error]);
    settle(stage, producer, function, Some(&context), returned)
}

pub(crate) fn call_on_error(
    stage: Stage,
    producer: usize,
    function: &Bound<'_, PyAny>,
    argument: Bound<'_, PyAny>,
) -> PyResult<()> {
    settle(stage, producer, function, None, call_with(function, (argument,), None))
}

/// Schedules a returned coroutine on the loop, and reports an exception. On a loop,
/// `KeyboardInterrupt` and `SystemExit` are returned instead.
pub(crate) fn settle(
    stage: Stage,
    producer: usize,
    function: &Bound<'_, PyAny>,
    context: Option<&Bound<'_, PyAny>>,
    returned: PyResult<Bound<'_, PyAny>>,
) -> PyResult<()> {
    let py = function.py();
    let on_loop = stage == Stage::Loop;
    match returned {
        Ok(returned) if returned.is_none() => Ok(()),
        Ok(returned) => {
            let arguments = (function, returned, context, on_loop, producer);
            call_with(upcalls(py)?.run_coroutine.bind(py), arguments, None).map(drop)
        }
        Err(error) if on_loop && !error.is_instance_of::<PyException>(py) => Err(error),
        Err(error) => {
            let arguments = (function, error, on_loop);
            call_with(upcalls(py)?.report_exception.bind(py), arguments, None).map(drop)
        }
    }
}

/// Reports an exception of a future's callback to the loop. `KeyboardInterrupt` and `SystemExit`
/// are returned instead.
pub(crate) fn contain(
    function: &Bound<'_, PyAny>,
    future: &Bound<'_, PyAny>,
    error: PyErr,
) -> PyResult<()> {
    let py = future.py();
    let ends = error.is_instance_of::<PySystemExit>(py);
    if ends || error.is_instance_of::<PyKeyboardInterrupt>(py) {
        return Err(error);
    }
    let report = upcalls(py)?.report_future_exception.bind(py);
    call_with(report, (function, future, error), None).map(drop)
}

pub(crate) fn log_notice(py: Python<'_>, notice: &Notice) -> PyResult<()> {
    let name = match notice.severity {
        Severity::Debug => "debug",
        Severity::Info => "info",
        Severity::Warning => "warning",
    };
    call_with(upcalls(py)?.log_notice.bind(py), (name, &notice.text), None).map(drop)
}

/// Whether the log shows debug messages.
pub(crate) fn is_verbose(py: Python<'_>) -> PyResult<bool> {
    call_alone(upcalls(py)?.is_verbose.bind(py))?.is_truthy()
}

pub(crate) fn log_unclaimed(py: Python<'_>, failures: u64, error: &Error) -> PyResult<()> {
    let arguments = (failures, to_python(py, error));
    call_with(upcalls(py)?.log_unclaimed.bind(py), arguments, None).map(drop)
}

//! Calls into the user's code. What it raises harms nobody else: it goes to the log, and to the
//! loop's exception handler where there is a loop.

use pyo3::exceptions::{PyException, PyKeyboardInterrupt, PySystemExit, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyBytes;
use pyo3::{Bound, intern};

use super::voice::Voice;
use crate::client::Client;
use crate::error::Error;
use crate::producer::{Notice, Severity};
use crate::py::base::calls::{call_with, import, method, method_with};
use crate::py::base::errors::to_python;
use crate::py::input::convert::type_name;
use crate::py::lifecycle::process;
use crate::py::waiters::waiter::{Callback, Stage, Waiter};

/// The rest of this, which needs no speed.
pub(crate) fn helpers(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static MODULE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let module =
        MODULE.get_or_try_init(py, || import(py, "dekaf._callbacks").map(Bound::unbind))?;
    Ok(module.bind(py))
}

/// Calls a message's callback, in the context of the call that named it.
pub(crate) fn call(
    stage: Stage,
    voice: &Voice,
    callback: &Callback,
    metadata: &Bound<'_, PyAny>,
    error: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = metadata.py();
    let function = callback.function.bind(py);
    let context = callback.context.fresh(py)?;
    let returned = method(&context, intern!(py, "run"), [function, metadata, error]);
    settle(stage, voice, function, Some(&context), returned)
}

/// Calls `on_error`.
pub(crate) fn call_plain(
    stage: Stage,
    voice: &Voice,
    function: &Bound<'_, PyAny>,
    argument: Bound<'_, PyAny>,
) -> PyResult<()> {
    settle(stage, voice, function, None, call_with(function, (argument,), None))
}

/// Lets a coroutine run on the loop, and contains what was raised; only what is meant to end the
/// program goes on.
pub(crate) fn settle(
    stage: Stage,
    voice: &Voice,
    function: &Bound<'_, PyAny>,
    context: Option<&Bound<'_, PyAny>>,
    returned: PyResult<Bound<'_, PyAny>>,
) -> PyResult<()> {
    let py = function.py();
    let on_loop = stage == Stage::Loop;
    match returned {
        Ok(returned) if returned.is_none() => Ok(()),
        Ok(returned) => {
            let arguments = (function, returned, context, on_loop, voice.id());
            method_with(helpers(py)?, "returned", arguments).map(drop)
        }
        Err(error) if on_loop && !error.is_instance_of::<PyException>(py) => Err(error),
        Err(error) => method_with(helpers(py)?, "raised", (function, error, on_loop)).map(drop),
    }
}

/// Tells the loop what a future's callback raised; only what is meant to end the program goes on.
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
    method_with(helpers(py)?, "failed", (function, future, error)).map(drop)
}

/// A line in the log about the cluster.
pub(crate) fn log_notice(py: Python<'_>, notice: &Notice) -> PyResult<()> {
    let name = match notice.severity {
        Severity::Debug => "debug",
        Severity::Info => "info",
        Severity::Warning => "warning",
    };
    method_with(helpers(py)?, "note", (name, &notice.text)).map(drop)
}

/// Whether the log has a reader for lines for debugging.
pub(crate) fn is_verbose(py: Python<'_>) -> PyResult<bool> {
    method_with(helpers(py)?, "is_verbose", ())?.is_truthy()
}

/// A line in the log about failures that nobody claimed.
pub(crate) fn log_unclaimed(py: Python<'_>, failures: u64, error: &Error) -> PyResult<()> {
    let exception = to_python(py, error);
    method_with(helpers(py)?, "log_unclaimed", (failures, exception)).map(drop)
}

/// Asks the caller's partitioner, for a message that is not handed over yet: what it raises is the
/// cause of the error that the message would fail with.
pub(crate) fn choose_now(
    partitioner: &Bound<'_, PyAny>,
    client: &Client<Waiter>,
    topic: &str,
    key: Option<&[u8]>,
    partitions: i32,
) -> PyResult<i32> {
    let (py, generation) = (partitioner.py(), process::generation());
    let chosen = choose(partitioner, key, partitions);
    process::check_not_forked(generation)?;
    chosen.map_err(|cause| {
        if !cause.is_instance_of::<PyException>(py) {
            return cause;
        }
        let failed = to_python(py, &client.placing_failed(topic, &cause.to_string()));
        failed.set_cause(py, Some(cause));
        failed
    })
}

/// Asks the caller's partitioner.
pub(crate) fn choose(
    partitioner: &Bound<'_, PyAny>,
    key: Option<&[u8]>,
    partitions: i32,
) -> PyResult<i32> {
    let key = key.map(|key| PyBytes::new(partitioner.py(), key));
    let chosen = call_with(partitioner, (key, partitions), None)?;
    let wrong = |why: &str| {
        let message = format!("the partitioner returned {}, {why}", type_name(&chosen));
        PyErr::new::<PyTypeError, _>(message)
    };
    if !crate::py::input::convert::is_int(&chosen) {
        return Err(wrong("not int"));
    }
    let chosen: i32 =
        chosen.extract().map_err(|_| wrong("which no partition has as its number"))?;
    if !(0..partitions).contains(&chosen) {
        return Err(PyValueError::new_err(format!(
            "the partitioner returned {chosen}: the topic has {partitions} partitions, counted \
             from 0"
        )));
    }
    Ok(chosen)
}

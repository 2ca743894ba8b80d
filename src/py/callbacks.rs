//! Calls into the user's code. What it raises harms nobody else: it goes to the log, and to the
//! loop's exception handler where there is a loop.

use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyException, PyKeyboardInterrupt, PySystemExit, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyModule, PyWeakrefMethods, PyWeakrefReference};
use pyo3::{Bound, intern};

use super::calls::method;
use super::convert::type_name;
use super::errors::to_python;
use super::port::Address;
use super::voice::Voice;
use super::waiter::{Callback, Stage, Waiter};
use super::{dispatcher, imported, loops};
use crate::error::Error;

/// The rest of this, which needs no speed.
fn helpers(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE
        .get_or_try_init(py, || PyModule::import(py, "dekaf._callbacks").map(Bound::unbind))?;
    Ok(module.bind(py))
}

/// Calls a message's callback, in the context of the call that named it.
pub(super) fn call(
    stage: Stage,
    voice: &Voice,
    callback: &Callback,
    metadata: &Bound<'_, PyAny>,
    error: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = metadata.py();
    if stage == Stage::Thread {
        dispatcher::park_if_abandoned(py);
    }
    let function = callback.function.bind(py);
    let context = callback.context.bind(py);
    let returned = method(context, intern!(py, "run"), [function, metadata, error]);
    settle(stage, voice, function, Some(context), returned)
}

/// Calls `on_error`.
pub(super) fn call_plain(
    stage: Stage,
    voice: &Voice,
    function: &Bound<'_, PyAny>,
    argument: Bound<'_, PyAny>,
) -> PyResult<()> {
    if stage == Stage::Thread {
        dispatcher::park_if_abandoned(function.py());
    }
    settle(stage, voice, function, None, function.call1((argument,)))
}

/// Lets a coroutine run on the loop, and contains what was raised; only what is meant to end the
/// program goes on.
fn settle(
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
        Ok(returned) => helpers(py)?
            .call_method1(
                intern!(py, "returned"),
                (function, returned, context, on_loop, voice.id()),
            )
            .map(drop),
        Err(error) if on_loop && !error.is_instance_of::<PyException>(py) => Err(error),
        Err(error) => {
            helpers(py)?.call_method1(intern!(py, "raised"), (function, error, on_loop)).map(drop)
        }
    }
}

/// Tells the loop what a future's callback raised; only what is meant to end the program goes on.
pub(super) fn contain(
    function: &Bound<'_, PyAny>,
    future: &Bound<'_, PyAny>,
    error: PyErr,
) -> PyResult<()> {
    let py = future.py();
    let ends = error.is_instance_of::<PySystemExit>(py);
    if ends || error.is_instance_of::<PyKeyboardInterrupt>(py) {
        return Err(error);
    }
    helpers(py)?.call_method1(intern!(py, "failed"), (function, future, error)).map(drop)
}

/// A message's callback, to be called on the loop that runs here, or else on the dispatcher, in
/// the context of now.
pub(super) fn waiter(function: &Bound<'_, PyAny>) -> PyResult<Waiter> {
    static COPY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = function.py();
    let running = loops::running(py)?;
    check(function, running.is_some())?;
    let port = match running {
        Some(running) => loops::port_of(&running)?,
        None => dispatcher::port(py)?,
    };
    let context = imported(&COPY, py, "contextvars", "copy_context")?.call0()?.unbind();
    let callback = Callback { function: function.clone().unbind(), context };
    Ok(Waiter::Callback { callback, port: Address::of(port) })
}

/// Refuses a callback that cannot be called, or not here.
fn check(function: &Bound<'_, PyAny>, has_loop: bool) -> PyResult<()> {
    let py = function.py();
    if !function.is_callable() {
        return Err(PyTypeError::new_err(format!(
            "on_delivery must be a function of metadata and error, or None, not {}",
            type_name(function)
        )));
    }
    let may_be_async = !has_loop && !is_plain(function)?;
    if may_be_async
        && helpers(py)?.call_method1(intern!(py, "is_async"), (function,))?.is_truthy()?
    {
        return Err(PyTypeError::new_err(
            "on_delivery is a coroutine function, and no event loop runs here that could run it; \
             give a plain function, or send from a coroutine",
        ));
    }
    Ok(())
}

/// Whether it is a function or a method that says by itself that a call of it makes no coroutine.
/// To ask `inspect` costs more than all the rest of a call does.
fn is_plain(function: &Bound<'_, PyAny>) -> PyResult<bool> {
    const CO_COROUTINE: u32 = 0x80;
    static FUNCTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static METHOD: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = function.py();
    let is = |object: &Bound<'_, PyAny>, kind: &Bound<'_, PyAny>| object.get_type().is(kind);
    let function = if is(function, imported(&METHOD, py, "types", "MethodType")?) {
        function.getattr(intern!(py, "__func__"))?
    } else {
        function.clone()
    };
    if was_plain(&function) {
        return Ok(true);
    }
    if !is(&function, imported(&FUNCTION, py, "types", "FunctionType")?) {
        return Ok(false);
    }
    let code = function.getattr(intern!(py, "__code__"))?;
    let flags: u32 = code.getattr(intern!(py, "co_flags"))?.extract()?;
    // Others can be marked as such, in a way that `inspect` knows. To look for a mark that is not
    // there would raise, and most functions have none at all.
    let marks = function.getattr(intern!(py, "__dict__"))?;
    let is_plain = flags & CO_COROUTINE == 0 && marks.len()? == 0;
    if is_plain {
        remember_plain(&function)?;
    }
    Ok(is_plain)
}

/// The last that was found to be plain: mostly it is the next one, too. Locked only with the
/// interpreter held, and never while anything of Python's runs.
static PLAIN: Mutex<Option<Py<PyWeakrefReference>>> = Mutex::new(None);

fn was_plain(function: &Bound<'_, PyAny>) -> bool {
    let upgrade = |last: &Py<PyWeakrefReference>| last.bind(function.py()).upgrade();
    let last = PLAIN.lock().unwrap_or_else(PoisonError::into_inner).as_ref().and_then(upgrade);
    last.is_some_and(|last| last.is(function))
}

fn remember_plain(function: &Bound<'_, PyAny>) -> PyResult<()> {
    let plain = PyWeakrefReference::new(function)?.unbind();
    let earlier = PLAIN.lock().unwrap_or_else(PoisonError::into_inner).replace(plain);
    drop(earlier);
    Ok(())
}

/// A line in the log about failures that nobody claimed.
pub(super) fn log_unclaimed(py: Python<'_>, failures: u64, error: &Error) -> PyResult<()> {
    let exception = to_python(py, error);
    helpers(py)?.call_method1(intern!(py, "log_unclaimed"), (failures, exception)).map(drop)
}

/// Asks the caller's partitioner.
pub(super) fn choose(
    partitioner: &Bound<'_, PyAny>,
    key: Option<&[u8]>,
    partitions: i32,
) -> PyResult<i32> {
    let key = key.map(|key| PyBytes::new(partitioner.py(), key));
    let chosen = partitioner.call1((key, partitions))?;
    let wrong = |why: &str| {
        let message = format!("the partitioner returned {}, {why}", type_name(&chosen));
        PyErr::new::<PyTypeError, _>(message)
    };
    if !super::convert::is_int(&chosen) {
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

//! The callback that a call names for its message. It is checked once, and reused if the next call
//! names the same one.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};

use super::{dispatcher, loops};
use crate::producer::Who;
use crate::py::base::calls::call_with;
use crate::py::base::context::Context;
use crate::py::base::objects::type_name;
use crate::py::base::running_loop;
use crate::py::base::upcalls::upcalls;
use crate::py::waiters::port::Address;
use crate::py::waiters::waiter::{Callback, Waiter};

/// A message's callback, before its waiter is created.
pub(crate) struct Named(Arc<Callback>);

/// Consecutive messages that name the same callback share a waiter.
impl Who<Waiter> for Option<Named> {
    fn is_next_of(&self, waiter: &Waiter, _count: i32) -> bool {
        match (self, waiter) {
            (Some(Named(named)), Waiter::Callback(last)) => Arc::ptr_eq(last, named),
            _ => false,
        }
    }

    fn make(self) -> Option<Waiter> {
        self.map(|Named(callback)| Waiter::Callback(callback))
    }
}

/// Checks a function, and returns it as a callback in the current context. The running loop calls
/// it, or else the dispatcher.
pub(crate) fn named(function: &Bound<'_, PyAny>) -> PyResult<Named> {
    let py = function.py();
    let running = running_loop::running(py)?;
    let has_loop = running.is_some();
    let last = last_named(function, has_loop);
    if last.is_none() {
        check(function, has_loop)?;
    }
    let port = match running {
        Some(running) => loops::port_of(&running)?,
        None => dispatcher::port(py)?,
    };
    let context = Context::current(py)?;
    if let Some(last) = last
        && Arc::ptr_eq(last.port.port(), &port)
        && last.context.is_in(&context)?
    {
        return Ok(Named(last));
    }
    let (function, context) = (function.clone().unbind(), Context::new(context));
    let callback = Arc::new(Callback { function, context, port: Address::of(port) });
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&callback);
    Ok(Named(callback))
}

/// The last callback, for as long as a message waits for it: usually the next call names the same
/// one. Locked only with the interpreter held, and never while Python code runs.
static LAST: Mutex<Weak<Callback>> = Mutex::new(Weak::new());

/// Returns the last callback if it has this function, and was checked for the same kind of thread.
fn last_named(function: &Bound<'_, PyAny>, has_loop: bool) -> Option<Arc<Callback>> {
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
    last.filter(|last| last.function.is(function) && last.port.port().is_of_loop() == has_loop)
}

/// Refuses what cannot be called, or not in this thread.
fn check(function: &Bound<'_, PyAny>, has_loop: bool) -> PyResult<()> {
    let py = function.py();
    if !function.is_callable() {
        return Err(PyTypeError::new_err(format!(
            "on_delivery must be a function of metadata and error, or None, not {}",
            type_name(function)
        )));
    }
    let may_be_async = !has_loop && !is_plain(function)?;
    if may_be_async && call_with(upcalls(py)?.is_async.bind(py), (function,), None)?.is_truthy()? {
        return Err(PyTypeError::new_err(
            "on_delivery is a coroutine function, and no event loop runs here that could run it; \
             give a plain function, or send from a coroutine",
        ));
    }
    Ok(())
}

/// Whether it is a function or method that is known to return no coroutine. Asking `inspect` would
/// cost more than the rest of the call.
fn is_plain(function: &Bound<'_, PyAny>) -> PyResult<bool> {
    const CO_COROUTINE: u32 = 0x80;
    let py = function.py();
    let is = |object: &Bound<'_, PyAny>, kind: &Bound<'_, PyAny>| object.get_type().is(kind);
    let function = if is(function, upcalls(py)?.method_type.bind(py)) {
        function.getattr(intern!(py, "__func__"))?
    } else {
        function.clone()
    };
    if was_plain(&function) {
        return Ok(true);
    }
    if !is(&function, upcalls(py)?.function_type.bind(py)) {
        return Ok(false);
    }
    let code = function.getattr(intern!(py, "__code__"))?;
    let flags: u32 = code.getattr(intern!(py, "co_flags"))?.extract()?;
    // Functions can be marked as coroutine functions in a way that only `inspect` knows. Looking up
    // a missing mark would raise an exception; most functions have no attributes at all.
    let marks = function.getattr(intern!(py, "__dict__"))?;
    let is_plain = flags & CO_COROUTINE == 0 && marks.len()? == 0;
    if is_plain {
        remember_plain(&function)?;
    }
    Ok(is_plain)
}

/// The last function that was found to be plain: usually the next one is the same. Locked only with
/// the interpreter held, and never while Python code runs.
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

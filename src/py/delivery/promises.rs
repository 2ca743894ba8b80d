//! The futures of `SyncProducer.submit`, which any thread may wait for. The dispatcher completes
//! them, so that an event loop that waits for one does not wait for itself.

use pyo3::intern;
use pyo3::prelude::*;

use super::dispatcher;
use crate::error::Error;
use crate::py::base::calls::{call_alone, method};
use crate::py::base::errors::to_python;
use crate::py::base::upcalls::upcalls;
use crate::py::waiters::port::Address;
use crate::py::waiters::waiter::Waiter;

/// Creates a promise, and a waiter for it.
pub(crate) fn promise(py: Python<'_>) -> PyResult<(Bound<'_, PyAny>, Waiter)> {
    let promise = call_alone(upcalls(py)?.promise_class.bind(py))?;
    let port = Address::of(dispatcher::port(py)?);
    let waiter = Waiter::Promise { promise: promise.clone().unbind(), port };
    Ok((promise, waiter))
}

pub(crate) fn set_result(promise: &Bound<'_, PyAny>, result: &Bound<'_, PyAny>) -> PyResult<()> {
    method(promise, intern!(promise.py(), "set_result"), [result]).map(drop)
}

pub(crate) fn set_exception(promise: &Bound<'_, PyAny>, error: &Error) -> PyResult<()> {
    let py = promise.py();
    let exception = to_python(py, error).into_value(py).into_bound(py).into_any();
    method(promise, intern!(py, "set_exception"), [&exception]).map(drop)
}

/// Whether the outcome can still be read: there is another reference to the promise, or a callback.
pub(crate) fn is_claimed(promise: &Bound<'_, PyAny>) -> PyResult<bool> {
    #[expect(unsafe_code, reason = "PyO3 has no safe way to count references")]
    // SAFETY: the interpreter is held, and `promise` is a live object.
    let holders = unsafe { pyo3::ffi::Py_REFCNT(promise.as_ptr()) };
    Ok(holders > 1 || promise.getattr(intern!(promise.py(), "_done_callbacks"))?.is_truthy()?)
}

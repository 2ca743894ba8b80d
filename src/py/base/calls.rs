//! All calls into Python, and all waits without the interpreter. Each first makes its thread [hang
//! at exit](hang_at_exit). `clippy.toml` forbids PyO3's own functions elsewhere.

use std::ptr::null_mut;

use pyo3::call::PyCallArgs;
use pyo3::ffi::{PyObject, PyObject_CallFunctionObjArgs, PyObject_CallMethodObjArgs};
use pyo3::marker::Ungil;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyString};

use super::hang::hang_at_exit;

/// `function()`.
pub(crate) fn call_alone<'py>(function: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    hang_at_exit();
    #[expect(clippy::disallowed_methods, reason = "behind the handler")]
    function.call0()
}

/// `function(…)`, without a tuple of arguments, for calls that are made once per message. The
/// stable ABI has only C's variadic functions for that.
pub(crate) fn call<'py>(
    function: &Bound<'py, PyAny>,
    arguments: [&Bound<'py, PyAny>; 2],
) -> PyResult<Bound<'py, PyAny>> {
    hang_at_exit();
    let [first, second] = arguments.map(Bound::as_ptr);
    #[expect(unsafe_code, reason = "PyO3 has no such calls for the stable interface of 3.11")]
    // SAFETY: the interpreter is held, the objects live, and a null pointer ends the list.
    unsafe {
        let returned =
            PyObject_CallFunctionObjArgs(function.as_ptr(), first, second, null_mut::<PyObject>());
        Bound::from_owned_ptr_or_err(function.py(), returned)
    }
}

/// `object.name(…)`, without a tuple and without a bound method.
pub(crate) fn method<'py, const COUNT: usize>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    arguments: [&Bound<'py, PyAny>; COUNT],
) -> PyResult<Bound<'py, PyAny>> {
    const { assert!(COUNT <= 3, "the list below has room for three") };
    hang_at_exit();
    let end = null_mut::<PyObject>();
    let mut list = [end; 3];
    for (slot, argument) in list.iter_mut().zip(arguments) {
        *slot = argument.as_ptr();
    }
    let [first, second, third] = list;
    let (this, name) = (object.as_ptr(), name.as_ptr());
    #[expect(unsafe_code, reason = "PyO3 has no such calls for the stable interface of 3.11")]
    // SAFETY: the interpreter is held, the objects live, and the first null pointer ends the list.
    unsafe {
        let returned = PyObject_CallMethodObjArgs(this, name, first, second, third, end);
        Bound::from_owned_ptr_or_err(object.py(), returned)
    }
}

/// `function(*arguments, **named)`.
pub(crate) fn call_with<'py, A: PyCallArgs<'py>>(
    function: &Bound<'py, PyAny>,
    arguments: A,
    named: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    hang_at_exit();
    #[expect(clippy::disallowed_methods, reason = "behind the handler")]
    function.call(arguments, named)
}

/// `object.name(*arguments)`.
pub(crate) fn method_with<'py, A: PyCallArgs<'py>>(
    object: &Bound<'py, PyAny>,
    name: &str,
    arguments: A,
) -> PyResult<Bound<'py, PyAny>> {
    hang_at_exit();
    call_with(&object.getattr(name)?, arguments, None)
}

/// `iter(object)`.
pub(crate) fn iterate<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyIterator>> {
    hang_at_exit();
    #[expect(clippy::disallowed_methods, reason = "behind the handler")]
    object.try_iter()
}

/// `repr(object)`.
pub(crate) fn repr<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    hang_at_exit();
    #[expect(clippy::disallowed_methods, reason = "behind the handler")]
    object.repr()
}

/// `str(object)`.
pub(crate) fn text<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    hang_at_exit();
    #[expect(clippy::disallowed_methods, reason = "behind the handler")]
    object.str()
}

/// Runs `work`, usually a wait, while other threads may use the interpreter.
pub(crate) fn detached<T: Ungil>(py: Python<'_>, work: impl Ungil + FnOnce() -> T) -> T {
    hang_at_exit();
    #[expect(clippy::disallowed_methods, reason = "behind the handler")]
    py.detach(work)
}

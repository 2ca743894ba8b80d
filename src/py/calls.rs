//! Calls of Python without a bound method or a tuple being made for each: for those that
//! are made once a message. The stable interface has but C's variadic functions for that.

use std::ptr::null_mut;

use pyo3::ffi::{PyObject, PyObject_CallFunctionObjArgs, PyObject_CallMethodObjArgs};
use pyo3::prelude::*;
use pyo3::types::PyString;

/// `function(…)`.
pub(super) fn call<'py>(
    function: &Bound<'py, PyAny>,
    arguments: [&Bound<'py, PyAny>; 2],
) -> PyResult<Bound<'py, PyAny>> {
    let [first, second] = arguments.map(Bound::as_ptr);
    #[expect(unsafe_code, reason = "PyO3 has no such calls for the stable interface of 3.11")]
    // SAFETY: the interpreter is held, the objects live, and a null pointer ends the list.
    unsafe {
        let returned =
            PyObject_CallFunctionObjArgs(function.as_ptr(), first, second, null_mut::<PyObject>());
        Bound::from_owned_ptr_or_err(function.py(), returned)
    }
}

/// `object.name(…)`.
pub(super) fn method<'py, const COUNT: usize>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    arguments: [&Bound<'py, PyAny>; COUNT],
) -> PyResult<Bound<'py, PyAny>> {
    const { assert!(COUNT <= 3, "the list below has room for three") };
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

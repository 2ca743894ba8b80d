//! Calls of Python's methods without a bound method or a tuple being made for each: for those that
//! are made once a message. The stable interface has but C's variadic functions for that.

#![expect(unsafe_code, reason = "PyO3 has no such calls for the stable interface of 3.11")]

use std::ptr::null_mut;

use pyo3::ffi::{PyObject, PyObject_CallMethodObjArgs};
use pyo3::prelude::*;
use pyo3::types::PyString;

/// `object.name()`.
pub(super) fn method0<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the interpreter is held, the objects live, and the list ends with a null pointer.
    unsafe {
        let end = null_mut::<PyObject>();
        let returned = PyObject_CallMethodObjArgs(object.as_ptr(), name.as_ptr(), end);
        Bound::from_owned_ptr_or_err(object.py(), returned)
    }
}

/// `object.name(argument)`.
pub(super) fn method1<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    argument: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the interpreter is held, the objects live, and the list ends with a null pointer.
    unsafe {
        let end = null_mut::<PyObject>();
        let argument = argument.as_ptr();
        let returned = PyObject_CallMethodObjArgs(object.as_ptr(), name.as_ptr(), argument, end);
        Bound::from_owned_ptr_or_err(object.py(), returned)
    }
}

/// `object.name(first, second)`.
pub(super) fn method2<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    (first, second): (&Bound<'py, PyAny>, &Bound<'py, PyAny>),
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the interpreter is held, the objects live, and the list ends with a null pointer.
    unsafe {
        let end = null_mut::<PyObject>();
        let (object, py, name) = (object.as_ptr(), object.py(), name.as_ptr());
        let returned =
            PyObject_CallMethodObjArgs(object, name, first.as_ptr(), second.as_ptr(), end);
        Bound::from_owned_ptr_or_err(py, returned)
    }
}

/// `object.name(first, second, third)`.
pub(super) fn method3<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    (first, second, third): (&Bound<'py, PyAny>, &Bound<'py, PyAny>, &Bound<'py, PyAny>),
) -> PyResult<Bound<'py, PyAny>> {
    let (first, second, third) = (first.as_ptr(), second.as_ptr(), third.as_ptr());
    // SAFETY: the interpreter is held, the objects live, and the list ends with a null pointer.
    unsafe {
        let end = null_mut::<PyObject>();
        let (object, py, name) = (object.as_ptr(), object.py(), name.as_ptr());
        let returned = PyObject_CallMethodObjArgs(object, name, first, second, third, end);
        Bound::from_owned_ptr_or_err(py, returned)
    }
}

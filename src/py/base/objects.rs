//! Questions about any Python object.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyGenericAlias, PyInt, PyType};

/// Whether it is an `int` and not a `bool`, which is a subclass of `int`.
pub(crate) fn is_int(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>()
}

/// The name of its class, for error messages.
pub(crate) fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "that".to_owned(), |name| name.to_string())
}

/// `Class[item]`, for classes that are generic only to type checkers.
pub(crate) fn generic_alias<'py>(
    class: &Bound<'py, PyType>,
    item: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyGenericAlias>> {
    PyGenericAlias::new(class.py(), class, item)
}

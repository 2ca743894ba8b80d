//! The class `dekaf.Message`.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyGenericAlias, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};

use crate::py::base::calls::{call_with, repr};
use crate::py::base::objects::generic_alias;
use crate::py::base::upcalls::upcalls;

/// A message to produce. Nothing is checked before it is produced.
#[pyclass(frozen, module = "dekaf")]
#[derive(Debug)]
pub(crate) struct Message {
    /// The topic; `None` where the call names it.
    #[pyo3(get)]
    pub(crate) topic: Py<PyAny>,
    /// The value; `None` is a tombstone.
    #[pyo3(get)]
    pub(crate) value: Py<PyAny>,
    /// The key.
    #[pyo3(get)]
    pub(crate) key: Py<PyAny>,
    /// The headers.
    #[pyo3(get)]
    pub(crate) headers: Py<PyAny>,
    /// The partition; `None` leaves it to the partitioner.
    #[pyo3(get)]
    pub(crate) partition: Py<PyAny>,
    /// The timestamp; `None` is now.
    #[pyo3(get)]
    pub(crate) timestamp: Py<PyAny>,
}

pub(crate) const FIELDS: [&str; 6] = ["topic", "value", "key", "headers", "partition", "timestamp"];

impl Message {
    fn fields(&self) -> [&Py<PyAny>; 6] {
        [&self.topic, &self.value, &self.key, &self.headers, &self.partition, &self.timestamp]
    }
}

#[pymethods]
impl Message {
    #[new]
    #[pyo3(
        signature = (
            topic=None, value=None, misplaced=None, *,
            key=None, headers=None, partition=None, timestamp=None,
        ),
        text_signature = "(topic=None, value=None, *, key=None, headers=None, partition=None, timestamp=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "a message's parts, by keyword")]
    fn new(
        py: Python<'_>,
        topic: Option<Py<PyAny>>,
        value: Option<Py<PyAny>>,
        misplaced: Option<&Bound<'_, PyAny>>,
        key: Option<Py<PyAny>>,
        headers: Option<Py<PyAny>>,
        partition: Option<Py<PyAny>>,
        timestamp: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        if misplaced.is_some() {
            return Err(PyTypeError::new_err(
                "Message() takes the topic and the value by position, everything else by name: \
                 write Message(topic, value, key=…)",
            ));
        }
        let or_none = |field: Option<Py<PyAny>>| field.unwrap_or_else(|| py.None());
        Ok(Self {
            topic: or_none(topic),
            value: or_none(value),
            key: or_none(key),
            headers: or_none(headers),
            partition: or_none(partition),
            timestamp: or_none(timestamp),
        })
    }

    /// Return a copy with other values for some of its fields.
    #[pyo3(signature = (**changes))]
    fn replace<'py>(
        slf: &Bound<'py, Self>,
        changes: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let fields = PyDict::new(py);
        for (name, value) in FIELDS.iter().zip(slf.get().fields()) {
            fields.set_item(name, value)?;
        }
        for (name, value) in changes.into_iter().flatten() {
            if !fields.contains(&name)? {
                return Err(PyTypeError::new_err(format!(
                    "a message has no {}; it has {}",
                    repr(&name)?,
                    FIELDS.join(", ")
                )));
            }
            fields.set_item(name, value)?;
        }
        call_with(&PyType::new::<Self>(py), (), Some(&fields))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut parts = Vec::new();
        for (name, value) in FIELDS.iter().zip(self.fields()) {
            if !value.is_none(py) {
                parts.push(format!("{name}={}", repr(value.bind(py))?));
            }
        }
        Ok(format!("Message({})", parts.join(", ")))
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let Ok(other) = other.cast_exact::<Self>() else { return Ok(py.NotImplemented()) };
        for (mine, theirs) in self.fields().into_iter().zip(other.get().fields()) {
            if !mine.bind(py).eq(theirs)? {
                return Ok(false.into_pyobject(py)?.to_owned().into_any().unbind());
            }
        }
        Ok(true.into_pyobject(py)?.to_owned().into_any().unbind())
    }

    /// Fails if a field cannot be hashed, such as headers given as a dict.
    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyTuple::new(py, self.fields())?.hash()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let fields = PyDict::new(py);
        for (name, value) in FIELDS.iter().zip(slf.get().fields()) {
            if !value.is_none(py) {
                fields.set_item(name, value)?;
            }
        }
        // Most fields cannot be passed by position.
        let make =
            call_with(upcalls(py)?.partial.bind(py), (PyType::new::<Self>(py),), Some(&fields))?;
        Ok((make, PyTuple::empty(py)).into_pyobject(py)?.into_any())
    }

    #[classmethod]
    fn __class_getitem__<'py>(
        class: &Bound<'py, PyType>,
        item: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyGenericAlias>> {
        generic_alias(class, item)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.fields().into_iter().try_for_each(|field| visit.call(field))
    }
}

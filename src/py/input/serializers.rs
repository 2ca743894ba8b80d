//! The serializers of keys and values: the user's functions, or JSON.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString};
use pyo3::{PyTraverseError, PyVisit};

use super::payload::Payload;
use crate::py::base::calls::{call_alone, call_with};
use crate::py::base::errors::serialization_failed;
use crate::py::base::upcalls::upcalls;

/// The serialized parts of a message.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Key,
    Value,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Value => "value",
        }
    }

    fn setting(self) -> &'static str {
        match self {
            Self::Key => "key_serializer",
            Self::Value => "value_serializer",
        }
    }
}

/// The serializers of a producer, a topic or a call.
#[derive(Debug)]
pub(crate) struct Serializers {
    pub(crate) key: Option<Py<PyAny>>,
    pub(crate) value: Option<Py<PyAny>>,
    /// Whether values without bytes become JSON, if there is no value serializer.
    pub(crate) is_json: bool,
}

impl Serializers {
    /// Serializes a key or a value. `None` is no key, or a tombstone, and is never serialized.
    pub(crate) fn payload<'py>(
        &self,
        part: Part,
        topic: &Bound<'py, PyString>,
        given: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Payload<'py>> {
        let (Some(value), name) = (given, part.name()) else { return Ok(Payload::Null) };
        let py = value.py();
        let (own, is_json) = match part {
            Part::Key => (&self.key, false),
            Part::Value => (&self.value, self.is_json),
        };
        let (serializer, what) = match own {
            Some(serializer) => (serializer.bind(py), part.setting()),
            None if is_json && !has_bytes(value) => (json_serializer(py)?, "encoding as JSON"),
            None => return Payload::new(name, given),
        };
        let made = call_with(serializer, (value,), None)
            .map_err(|error| serialization_failed(py, what, name, Some(topic), value, error))?;
        let made = Some(made).filter(|made| !made.is_none());
        Payload::of_serializer(name, made.as_ref())
    }

    /// Whether there are serializers, which are called even for bytes and text.
    pub(crate) fn are_asked(&self) -> bool {
        self.key.is_some() || self.value.is_some()
    }

    /// Whether serializing may run Python code, which may take any time.
    pub(crate) fn run_code(&self) -> bool {
        self.are_asked() || self.is_json
    }

    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        let clone = |function: &Option<Py<PyAny>>| function.as_ref().map(|it| it.clone_ref(py));
        Self { key: clone(&self.key), value: clone(&self.value), is_json: self.is_json }
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        [&self.key, &self.value].into_iter().flatten().try_for_each(|function| visit.call(function))
    }
}

/// Returns the package's function that encodes values without bytes as JSON.
fn json_serializer(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static FUNCTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let load = || Ok::<_, PyErr>(call_alone(upcalls(py)?.json_serializer.bind(py))?.unbind());
    FUNCTION.get_or_try_init(py, load).map(|function| function.bind(py))
}

/// Whether the value is `bytes` or `str`, which nearly all values are.
fn has_bytes(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyBytes>() || value.is_instance_of::<PyString>()
}

//! The class `dekaf.RecordMetadata`.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};

use crate::producer::RecordPlace;
use crate::py::base::calls::{call_with, repr};
use crate::py::base::upcalls::upcalls;

/// Where a message is stored.
#[pyclass(frozen, eq, hash, module = "dekaf")]
#[derive(Debug)]
pub(crate) struct RecordMetadata {
    /// The topic.
    #[pyo3(get)]
    topic: Py<PyString>,
    /// The partition.
    #[pyo3(get)]
    partition: i32,
    /// The offset in the partition.
    #[pyo3(get)]
    offset: i64,
    /// Milliseconds since 1970: the message's own, or the broker's where the topic says so.
    #[pyo3(get)]
    timestamp: i64,
}

impl RecordMetadata {
    /// Creates the metadata of a stored record.
    pub(crate) fn of<'py>(
        topic: &Bound<'py, PyString>,
        partition: i32,
        place: RecordPlace,
    ) -> PyResult<Bound<'py, PyAny>> {
        let topic_name = topic.clone().unbind();
        let metadata = Self::new(topic_name, partition, place.offset, place.timestamp);
        let metadata = Bound::new(topic.py(), metadata)?.into_any();
        #[expect(unsafe_code, reason = "PyO3 has the collector look at every class")]
        // SAFETY: the collector tracks the object, and there is no other reference to it yet.
        unsafe {
            // There are many of these, and they refer only to a string, so they cannot be part of a
            // cycle.
            pyo3::ffi::PyObject_GC_UnTrack(metadata.as_ptr().cast());
        }
        Ok(metadata)
    }

    fn key(&self, py: Python<'_>) -> (String, i32, i64, i64) {
        let topic = self.topic.bind(py).to_string();
        (topic, self.partition, self.offset, self.timestamp)
    }
}

impl PartialEq for RecordMetadata {
    fn eq(&self, other: &Self) -> bool {
        #[expect(clippy::disallowed_methods, reason = "Python compares, and so is attached")]
        Python::attach(|py| self.key(py) == other.key(py))
    }
}

impl std::hash::Hash for RecordMetadata {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.partition, self.offset, self.timestamp).hash(state);
    }
}

#[pymethods]
impl RecordMetadata {
    #[new]
    #[pyo3(signature = (topic, partition, offset, timestamp))]
    pub(crate) fn new(topic: Py<PyString>, partition: i32, offset: i64, timestamp: i64) -> Self {
        Self { topic, partition, offset, timestamp }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let topic = repr(self.topic.bind(py))?;
        Ok(format!(
            "RecordMetadata(topic={topic}, partition={}, offset={}, timestamp={})",
            self.partition, self.offset, self.timestamp
        ))
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        call_with(upcalls(slf.py())?.record_metadata_html.bind(slf.py()), (slf,), None)
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let topic = self.topic.bind(py);
        let arguments = (topic, self.partition, self.offset, self.timestamp).into_pyobject(py)?;
        Ok((PyType::new::<Self>(py), arguments))
    }
}

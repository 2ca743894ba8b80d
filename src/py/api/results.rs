//! The results of one call, in the order of its messages. Metadata and exceptions are created when
//! they are read.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use pyo3::exceptions::{PyIndexError, PyOverflowError};
use pyo3::prelude::*;
use pyo3::types::{PyGenericAlias, PyList, PySlice, PyString, PyType};
use pyo3::{PyTraverseError, PyVisit, intern};

use crate::error::{Error, ErrorCode, ErrorKind};
use crate::py::base::calls::text;
use crate::py::base::errors::to_python;
use crate::py::base::objects::generic_alias;
use crate::py::base::slice::SLICE;
use crate::py::input::metadata::RecordMetadata;
use crate::py::waiters::outcomes::{Outcome, Outcomes};

/// The results of one call.
#[pyclass(frozen, subclass, sequence, module = "dekaf._core")]
pub(crate) struct BatchResultCore {
    outcomes: Arc<Outcomes>,
    topics: Vec<Py<PyString>>,
    /// Results that exist as objects: exceptions, and whatever was unpickled.
    objects: Mutex<HashMap<usize, Py<PyAny>>>,
    failed: Vec<usize>,
    /// The number of failures whose exceptions were created by [`make_exceptions`].
    made: AtomicUsize,
}

/// The outcomes of a call that is over, from which its results are made.
#[pyclass(frozen, module = "dekaf._core")]
pub(crate) struct CallOutcome {
    outcomes: Arc<Outcomes>,
    /// The topics that the outcomes refer to.
    topics: Vec<Arc<str>>,
    /// The exceptions of messages that never reached the core, by index.
    refused: Vec<(u32, Py<PyAny>)>,
}

impl CallOutcome {
    pub(crate) fn new(
        (outcomes, topics): (Arc<Outcomes>, Vec<Arc<str>>),
        refused: Vec<(u32, Py<PyAny>)>,
    ) -> Self {
        Self { outcomes, topics, refused }
    }
}

impl BatchResultCore {
    fn of_call(py: Python<'_>, call: &CallOutcome) -> Self {
        let CallOutcome { outcomes, topics, refused } = call;
        let objects = refused.iter().map(|(index, error)| (*index as usize, error.clone_ref(py)));
        Self {
            outcomes: Arc::clone(outcomes),
            topics: topics.iter().map(|topic| PyString::new(py, topic).unbind()).collect(),
            objects: Mutex::new(objects.collect()),
            failed: outcomes.failed().collect(),
            made: AtomicUsize::new(0),
        }
    }

    /// Creates results from a list of objects.
    fn of_objects(results: &Bound<'_, PyList>) -> Self {
        let mut objects = HashMap::new();
        let mut failed = Vec::new();
        for (index, result) in results.iter().enumerate() {
            if !result.is_instance_of::<RecordMetadata>() {
                failed.push(index);
            }
            objects.insert(index, result.unbind());
        }
        let outcomes = Arc::new(Outcomes::refused(results.len()));
        Self {
            outcomes,
            topics: Vec::new(),
            objects: Mutex::new(objects),
            failed,
            made: AtomicUsize::new(0),
        }
    }

    /// Returns the errors of failed messages, from index `first` on.
    pub(crate) fn failures_from(&self, py: Python<'_>, first: usize) -> PyResult<Vec<Error>> {
        let failed = self.failed.iter().filter(|index| **index >= first);
        let error = |&index: &usize| match self.outcomes.get(index) {
            (Outcome::Failed(error), _) => Ok((**error).clone()),
            _ => of_exception(&self.get(py, index)?),
        };
        failed.map(error).collect()
    }

    fn known<'py>(&self, py: Python<'py>, index: usize) -> Option<Bound<'py, PyAny>> {
        let objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        objects.get(&index).map(|object| object.bind(py).clone())
    }

    fn get<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyAny>> {
        if let (Outcome::Stored { topic, partition, first }, behind) = self.outcomes.get(index) {
            let place = first.after(behind);
            let topic = self.topics[*topic as usize].bind(py);
            return RecordMetadata::of(topic, *partition, place);
        }
        match self.known(py, index) {
            Some(object) => Ok(object),
            None => self.make_exception(py, index),
        }
    }

    /// Returns the exception of a message that failed in the core. It is created once.
    fn make_exception<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyAny>> {
        let (Outcome::Failed(error), _) = self.outcomes.get(index) else {
            unreachable!("what was refused or unpickled is an object, and the call is over");
        };
        let exception = to_python(py, error).into_value(py).into_bound(py).into_any();
        exception.setattr(intern!(py, "index"), index)?;
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        let same = objects.entry(index).or_insert_with(|| exception.clone().unbind());
        Ok(same.bind(py).clone())
    }
}

/// Converts the exception of a message that never reached the core to an error of the core.
pub(crate) fn of_exception(exception: &Bound<'_, PyAny>) -> PyResult<Error> {
    let message = text(exception)?.to_string();
    let error = match exception.get_type().name()?.to_str()? {
        "SerializationError" => Error::new(ErrorKind::Serialization, message),
        _ => Error::new(ErrorKind::InvalidRecord, message).code(ErrorCode::INVALID_RECORD),
    };
    let topic: Option<String> = exception.getattr(intern!(exception.py(), "topic"))?.extract()?;
    Ok(topic.into_iter().fold(error, |error, topic| error.topic(&topic.into())))
}

#[pymethods]
impl BatchResultCore {
    /// Create results from a call that is over, or from a list of results.
    #[new]
    fn new(source: &Bound<'_, PyAny>) -> PyResult<Self> {
        match source.cast_exact::<CallOutcome>() {
            Ok(outcome) => Ok(Self::of_call(source.py(), outcome.get())),
            Err(_) => Ok(Self::of_objects(source.cast::<PyList>()?)),
        }
    }

    fn __len__(&self) -> usize {
        self.outcomes.len()
    }

    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        index: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let count = self.outcomes.len();
        if let Ok(slice) = index.cast::<PySlice>() {
            let indices = slice.indices(count as isize)?;
            let mut next = indices.start;
            let part = PyList::empty(py);
            for _ in 0..indices.slicelength {
                part.append(self.get(py, next as usize)?)?;
                next += indices.step;
            }
            return Ok(part.into_any());
        }
        let index: isize = match index.extract::<isize>() {
            Err(error) if error.is_instance_of::<PyOverflowError>(py) => isize::MAX,
            index => index?,
        };
        let place = if index < 0 { index + count as isize } else { index };
        if !(0..count as isize).contains(&place) {
            return Err(PyIndexError::new_err(format!(
                "there are {count} results, and none has the index {index}"
            )));
        }
        self.get(py, place as usize)
    }

    #[classmethod]
    fn __class_getitem__<'py>(
        class: &Bound<'py, PyType>,
        item: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyGenericAlias>> {
        generic_alias(class, item)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Ok(objects) = self.objects.try_lock() else { return Ok(()) };
        objects.values().try_for_each(|object| visit.call(object))
    }
}

/// Return the indices of the messages that failed.
#[pyfunction]
pub(crate) fn failed_indices(results: &BatchResultCore) -> Vec<usize> {
    results.failed.clone()
}

/// Make exceptions of failures, for one slice of time. Return whether there are more to make.
#[pyfunction]
pub(crate) fn make_exceptions(py: Python<'_>, results: &BatchResultCore) -> PyResult<bool> {
    let until = Instant::now() + SLICE;
    while let Some(&index) = results.failed.get(results.made.load(Ordering::Relaxed)) {
        results.get(py, index)?;
        results.made.fetch_add(1, Ordering::Relaxed);
        if Instant::now() >= until {
            return Ok(true);
        }
    }
    Ok(false)
}

//! A callback that is called for several messages in a row: one call after the other in one context
//! for all of them, as long as none leaves anything there for the next to find.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::callbacks::settle;
use super::voice::Voice;
use crate::producer::RecordPlace;
use crate::py::base::calls::{call, method};
use crate::py::input::metadata::RecordMetadata;
use crate::py::lifecycle::process;
use crate::py::waiters::waiter::{Callback, Stage};

/// What is run in a context.
#[pyclass(frozen, module = "dekaf._core")]
pub(crate) struct Row {
    stage: Stage,
    callback: Arc<Callback>,
    topic: Py<PyString>,
    partition: i32,
    first: RecordPlace,
    count: u32,
    /// For how many it was called.
    told: AtomicU32,
}

impl Row {
    pub(crate) fn new(
        stage: Stage,
        callback: &Arc<Callback>,
        topic: &Bound<'_, PyString>,
        partition: i32,
        first: RecordPlace,
        count: u32,
    ) -> Self {
        let (callback, topic) = (Arc::clone(callback), topic.clone().unbind());
        Self { stage, callback, topic, partition, first, count, told: AtomicU32::new(0) }
    }

    /// Calls it for all of them. What one raises or returns is no other's business.
    pub(crate) fn tell(slf: &Bound<'_, Self>, voice: &Voice) -> PyResult<()> {
        let py = slf.py();
        let Self { stage, callback, count, told, .. } = slf.get();
        let function = callback.function.bind(py);
        let mut failure = None;
        while told.load(Ordering::Relaxed) < *count && voice.is_ours() {
            let before = told.load(Ordering::Relaxed);
            let run = callback.context.fresh(py).and_then(|context| {
                let returned = method(&context, intern!(py, "run"), [slf, &context]);
                settle(*stage, voice, function, Some(&context), returned)
            });
            failure = failure.or(run.err());
            // Should it not even come to a call, it does not come to one for ever.
            told.fetch_max(before + 1, Ordering::Relaxed);
        }
        failure.map_or(Ok(()), Err)
    }
}

#[pymethods]
impl Row {
    /// Calls it for one after the other, until one returns something or changes a variable.
    fn __call__<'py>(&self, context: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = context.py();
        let none = py.None().into_bound(py);
        let function = self.callback.function.bind(py);
        let generation = process::generation();
        loop {
            let behind = self.told.fetch_add(1, Ordering::Relaxed);
            let topic = self.topic.bind(py);
            let metadata = RecordMetadata::of(topic, self.partition, self.first.after(behind))?;
            let returned = call(function, [&metadata, &none])?;
            if behind + 1 == self.count
                || !returned.is_none()
                || process::generation() != generation
                || !self.callback.context.is_in(context)?
            {
                return Ok(returned);
            }
        }
    }
}

//! A callback that consecutive messages share: it is called for one after the other in one context,
//! as long as no call changes the context for the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::callbacks::settle;
use super::user_code::UserCode;
use crate::producer::RecordPlace;
use crate::py::base::calls::{call, method};
use crate::py::base::generation::Generation;
use crate::py::input::metadata::RecordMetadata;
use crate::py::waiters::port::Stage;
use crate::py::waiters::waiter::Callback;

/// Runs in a context.
#[pyclass(frozen, module = "dekaf._core")]
pub(crate) struct CallbackRun {
    stage: Stage,
    callback: Arc<Callback>,
    topic: Py<PyString>,
    partition: i32,
    first: RecordPlace,
    count: u32,
    /// The number of messages it was called for.
    called: AtomicU32,
}

impl CallbackRun {
    pub(crate) fn new(
        stage: Stage,
        callback: &Arc<Callback>,
        topic: &Bound<'_, PyString>,
        partition: i32,
        first: RecordPlace,
        count: u32,
    ) -> Self {
        let (callback, topic) = (Arc::clone(callback), topic.clone().unbind());
        Self { stage, callback, topic, partition, first, count, called: AtomicU32::new(0) }
    }

    /// Calls the function for all messages. An exception or a result of one call does not affect
    /// the others.
    pub(crate) fn call_all(slf: &Bound<'_, Self>, user_code: &UserCode) -> PyResult<()> {
        let py = slf.py();
        let Self { stage, callback, count, called, .. } = slf.get();
        let function = callback.function.bind(py);
        let mut failure = None;
        while called.load(Ordering::Relaxed) < *count && user_code.is_ours() {
            let before = called.load(Ordering::Relaxed);
            let run = callback.context.fresh(py).and_then(|context| {
                let returned = method(&context, intern!(py, "run"), [slf, &context]);
                settle(*stage, user_code.id(), function, Some(&context), returned)
            });
            failure = failure.or(run.err());
            // If the function was not even called, for example because the context could not be
            // copied, go on to the next message.
            called.fetch_max(before + 1, Ordering::Relaxed);
        }
        failure.map_or(Ok(()), Err)
    }
}

#[pymethods]
impl CallbackRun {
    /// Calls the function for one message after the other, until a call returns something or
    /// changes a context variable.
    fn __call__<'py>(&self, context: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = context.py();
        let none = py.None().into_bound(py);
        let function = self.callback.function.bind(py);
        let generation = Generation::current();
        loop {
            let behind = self.called.fetch_add(1, Ordering::Relaxed);
            let topic = self.topic.bind(py);
            let metadata = RecordMetadata::of(topic, self.partition, self.first.after(behind))?;
            let returned = call(function, [&metadata, &none])?;
            if behind + 1 == self.count
                || !returned.is_none()
                || !generation.is_current()
                || !self.callback.context.is_in(context)?
            {
                return Ok(returned);
            }
        }
    }
}

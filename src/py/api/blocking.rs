//! The class behind `dekaf.SyncProducer`. Calls that wait block their thread. The interpreter is
//! free for other threads, and Ctrl-C ends the wait.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::producer::ProducerCore;
use super::room::wait_if_full;
use crate::producer::Haste;
use crate::py::base::clock::now_ms;
use crate::py::delivery::promises;
use crate::py::delivery::wait::wait_for;
use crate::py::input::metadata::RecordMetadata;
use crate::py::input::parts::{self, Extras};
use crate::py::input::ready::Ready;
use crate::py::waiters::answer::{Answer, Learned};
use crate::py::waiters::waiter::Waiter;

/// The base class of `dekaf.SyncProducer`.
#[pyclass(frozen, subclass, extends = ProducerCore, module = "dekaf._core")]
pub(crate) struct SyncProducerCore;

#[pymethods]
impl SyncProducerCore {
    #[new]
    fn new(config: Py<PyAny>, settings: &Bound<'_, PyAny>) -> PyResult<PyClassInitializer<Self>> {
        let base = ProducerCore::new(config, settings)?;
        Ok(PyClassInitializer::from(base).add_subclass(Self))
    }

    /// Produce one message, wait for its acknowledgement, and return its metadata.
    #[pyo3(
        signature = (
            topic, value=None, misplaced=None, *,
            key=None, headers=None, partition=None, timestamp=None,
        ),
        text_signature = "($self, topic, value=None, *, key=None, headers=None, partition=None, timestamp=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "a message's parts, by keyword")]
    fn produce<'py>(
        slf: &Bound<'py, Self>,
        topic: &Bound<'py, PyAny>,
        value: Option<&Bound<'py, PyAny>>,
        misplaced: Option<&Bound<'py, PyAny>>,
        key: Option<&Bound<'py, PyAny>>,
        headers: Option<&Bound<'py, PyAny>>,
        partition: Option<&Bound<'py, PyAny>>,
        timestamp: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<RecordMetadata>> {
        let core = slf.as_super().get();
        let extras = Extras { misplaced, key, headers, partition, timestamp };
        let parts = parts::of_call("produce", topic, value, extras)?;
        produce(slf.py(), core, &parts.ready("produce", &core.settings.serializers, now_ms())?)
    }

    /// Hand one message over, and return a future that any thread may wait for.
    #[pyo3(
        signature = (
            topic, value=None, misplaced=None, *,
            key=None, headers=None, partition=None, timestamp=None,
        ),
        text_signature = "($self, topic, value=None, *, key=None, headers=None, partition=None, timestamp=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "a message's parts, by keyword")]
    fn submit<'py>(
        slf: &Bound<'py, Self>,
        topic: &Bound<'py, PyAny>,
        value: Option<&Bound<'py, PyAny>>,
        misplaced: Option<&Bound<'py, PyAny>>,
        key: Option<&Bound<'py, PyAny>>,
        headers: Option<&Bound<'py, PyAny>>,
        partition: Option<&Bound<'py, PyAny>>,
        timestamp: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, core) = (slf.py(), slf.as_super().get());
        let extras = Extras { misplaced, key, headers, partition, timestamp };
        let parts = parts::of_call("submit", topic, value, extras)?;
        let ready = parts.ready("submit", &core.settings.serializers, now_ms())?;
        // Before the core is used: this runs Python code.
        let (promise, waiter) = promises::promise(py)?;
        let running = core.running(py)?;
        let haste = Haste::Lingers;
        let handed = ready.hand_over(&core.settings, &running.client, Some(waiter), haste)?;
        wait_if_full(py, &core.settings, &running, &handed)?;
        Ok(promise)
    }
}

/// Hands one message over, and waits for its acknowledgement.
pub(crate) fn produce(
    py: Python<'_>,
    core: &ProducerCore,
    ready: &Ready<'_>,
) -> PyResult<Option<RecordMetadata>> {
    let running = core.running(py)?;
    let answer = Arc::new(Answer::default());
    let waiter = Some(Waiter::Thread(Arc::clone(&answer)));
    let handed = ready.hand_over(&core.settings, &running.client, waiter, Haste::AtOnce)?;
    wait_if_full(py, &core.settings, &running, &handed)?;
    // This may be the thread that would call the partitioner.
    let learned = wait_for(py, &answer, None, || running.user_code.place_records(py).map(drop))?;
    Ok(learned.and_then(|learned| metadata_of(py, learned)))
}

fn metadata_of(py: Python<'_>, learned: Learned) -> Option<RecordMetadata> {
    match learned {
        Learned::Stored { topic, partition, place } => {
            let topic = PyString::new(py, &topic).unbind();
            Some(RecordMetadata::new(topic, partition, place.offset, place.timestamp))
        }
        Learned::Done => None,
    }
}

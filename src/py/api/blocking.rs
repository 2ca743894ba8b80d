//! The class behind `dekaf.SyncProducer`: what waits, blocks its thread, with the interpreter
//! free for others and Ctrl-C heard.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::memory::wait_if_full;
use super::producer::{ProducerCore, closed, seconds_of};
use crate::client::Client;
use crate::producer::Haste;
use crate::py::base::clock::now_ms;
use crate::py::delivery::dispatcher;
use crate::py::delivery::promises;
use crate::py::input::arguments::{self, Extras, Ready};
use crate::py::input::metadata::RecordMetadata;
use crate::py::waiters::answer::Answer;
use crate::py::waiters::waiter::Waiter;

/// The blocking producer's core.
#[pyclass(frozen, subclass, extends = ProducerCore, module = "dekaf._core")]
pub(crate) struct SyncProducerCore;

#[pymethods]
impl SyncProducerCore {
    #[new]
    #[pyo3(signature = (config, *, first_sequence=0))]
    fn new(config: Bound<'_, PyAny>, first_sequence: i32) -> PyResult<PyClassInitializer<Self>> {
        let base = ProducerCore::new(config, first_sequence)?;
        Ok(PyClassInitializer::from(base).add_subclass(Self))
    }

    /// Produces one message, waits for its acknowledgement, and returns its metadata.
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
        let parts = arguments::of_call("produce", topic, value, extras)?;
        produce(slf.py(), core, &parts.ready("produce", &core.settings.serializers, now_ms())?)
    }

    /// Hands one message over, and returns a future that any thread may wait for.
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
        let parts = arguments::of_call("submit", topic, value, extras)?;
        let ready = parts.ready("submit", &core.settings.serializers, now_ms())?;
        // First: Python's code runs in there.
        let (promise, waiter) = promises::promise(py)?;
        let running = core.running(py)?;
        let haste = Haste::Lingers;
        let handed = ready.hand_over(&core.settings, &running.client, Some(waiter), haste)?;
        wait_if_full(py, &core.settings, &running, &handed)?;
        Ok(promise)
    }

    /// Connects, and returns once the cluster has answered.
    #[pyo3(name = "_connect")]
    fn connect(slf: &Bound<'_, Self>) -> PyResult<()> {
        ask(slf, None, Client::connect).map(drop)
    }

    /// Returns once the cluster has answered, at the latest after these seconds.
    #[pyo3(name = "_ping")]
    fn ping(slf: &Bound<'_, Self>, timeout: f64) -> PyResult<()> {
        let limit = seconds_of(timeout)?;
        ask(slf, None, |client, waiter| client.ping(limit, waiter)).map(drop)
    }

    /// Returns once the cluster has described itself, for `_described`; at the latest after these
    /// seconds, or after `metadata_timeout_ms`.
    #[pyo3(name = "_describe_cluster", signature = (timeout=None))]
    fn describe_cluster(slf: &Bound<'_, Self>, timeout: Option<f64>) -> PyResult<()> {
        let limit = timeout.map(seconds_of).transpose()?;
        ask(slf, None, |client, waiter| client.describe_cluster(limit, waiter)).map(drop)
    }

    /// Returns once the cluster has described a topic.
    #[pyo3(name = "_locate")]
    fn locate(slf: &Bound<'_, Self>, topic: &str) -> PyResult<()> {
        ask(slf, None, |client, waiter| client.locate(topic, waiter)).map(drop)
    }

    /// Returns once a topic and the partition that messages name are known; the topic may be
    /// created for them.
    #[pyo3(name = "_locate_for_messages")]
    fn locate_for_messages(
        slf: &Bound<'_, Self>,
        topic: &str,
        partition: Option<i32>,
    ) -> PyResult<()> {
        let locate =
            |client: &Client<Waiter>, waiter| client.locate_for_records(topic, partition, waiter);
        ask(slf, None, locate).map(drop)
    }

    /// Waits until everything handed over before has been settled, at most for `timeout` seconds;
    /// returns how many messages have not.
    #[pyo3(name = "_settle", signature = (timeout=None))]
    fn settle(slf: &Bound<'_, Self>, timeout: Option<f64>) -> PyResult<usize> {
        let limit = timeout.map(seconds_of).transpose()?;
        let core = slf.as_super().get();
        let until = limit.map(|limit| Instant::now() + limit);
        let mut before = 0;
        let is_settled = ask(slf, limit, |client, waiter| {
            client.flush(waiter).map(|ticket| before = ticket).err()
        })?;
        if !is_settled {
            return Ok(core.unsettled_before(before));
        }
        // What is settled has been told, too.
        dispatcher::catch_up(slf.py(), core.callbacks_until(until))?;
        Ok(0)
    }

    /// Takes no more messages, delivers those it has for at most `timeout` seconds, and
    /// disconnects.
    #[pyo3(name = "_disconnect", signature = (timeout=None))]
    fn disconnect(slf: &Bound<'_, Self>, timeout: Option<f64>) -> PyResult<()> {
        let core = slf.as_super().get();
        let limit = core.closing_limit(timeout)?;
        let until = timeout.map(|_| Instant::now() + limit);
        let Some(running) = core.shut() else { return Ok(()) };
        let answer = Arc::new(Answer::default());
        let py = slf.py();
        if running.client.close(limit, Some(Waiter::Thread(Arc::clone(&answer)))).is_none() {
            answer.wait(py, None, || running.voice.place_records(py).map(drop))?;
        }
        dispatcher::catch_up(py, core.callbacks_until(until))
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
    // Perhaps this thread is the one that would ask the partitioner.
    let learned = answer.wait(py, None, || running.voice.place_records(py).map(drop))?;
    Ok(learned.and_then(|learned| learned.into_metadata(py)))
}

/// Puts a question to the core and waits for the answer; says whether it came in time.
fn ask(
    slf: &Bound<'_, SyncProducerCore>,
    limit: Option<Duration>,
    question: impl FnOnce(&Client<Waiter>, Waiter) -> Option<Waiter>,
) -> PyResult<bool> {
    let py = slf.py();
    let running = slf.as_super().get().running(py)?;
    let answer = Arc::new(Answer::default());
    match question(&running.client, Waiter::Thread(Arc::clone(&answer))) {
        None => Ok(answer.wait(py, limit, || running.voice.place_records(py).map(drop))?.is_some()),
        Some(_) => Err(closed(py)),
    }
}

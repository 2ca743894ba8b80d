//! The class behind `dekaf.Producer`: what waits, waits as a future of the running loop.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::{Bound, intern};

use super::producer::{ProducerCore, closed, seconds_of};
use crate::client::{Client, Handed};
use crate::producer::{Haste, Ticket};
use crate::py::base::calls::{method, method_with};
use crate::py::base::clock::now_ms;
use crate::py::delivery::futures;
use crate::py::delivery::loops::{self, Awaited, waiter};
use crate::py::input::arguments::{self, Extras, Parts, Ready};
use crate::py::input::borrowed::Borrowed;
use crate::py::input::message::Message;
use crate::py::lifecycle::process;
use crate::py::lifecycle::started::Running;
use crate::py::waiters::turn::Turn;
use crate::py::waiters::waiter::Waiter;

/// The asyncio producer's core.
#[pyclass(frozen, subclass, extends = ProducerCore, module = "dekaf._core")]
pub(crate) struct AsyncProducerCore;

/// Un-sends a record whose future is cancelled, while it waits for memory or for its topic.
#[pyclass(frozen, module = "dekaf._core")]
pub(crate) struct Unsend {
    client: Client<Waiter>,
    ticket: Ticket,
    /// The process that both belong to.
    generation: u64,
}

#[pymethods]
impl Unsend {
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        let is_ours = self.generation == process::generation();
        if is_ours && method(future, intern!(future.py(), "cancelled"), [])?.is_truthy()? {
            // Its waiter is this very future, which knows already.
            drop(self.client.cancel(self.ticket));
        }
        Ok(())
    }
}

#[pymethods]
impl AsyncProducerCore {
    #[new]
    #[pyo3(signature = (config, *, first_sequence=0))]
    fn new(config: Bound<'_, PyAny>, first_sequence: i32) -> PyResult<PyClassInitializer<Self>> {
        let base = ProducerCore::new(config, first_sequence)?;
        Ok(PyClassInitializer::from(base).add_subclass(Self))
    }

    /// Hands one message over when it is called; the future brings its metadata.
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
    ) -> PyResult<Bound<'py, PyAny>> {
        let core = slf.as_super().get();
        let extras = Extras { misplaced, key, headers, partition, timestamp };
        if let Some(message) = &Borrowed::of_call(&core.settings, topic, value, extras) {
            let made = with_future(slf.py(), core, Haste::AtOnce, |client, who, haste| {
                message.hand_over(slf.py(), client, who, haste)
            });
            return made.map(|(future, _)| future);
        }
        let parts = arguments::of_call("produce", topic, value, extras)?;
        produce(slf.py(), core, &parts.ready("produce", &core.settings.serializers, now_ms())?)
    }

    /// Hands one message over as `send` does, and returns a future of its metadata. Says also
    /// whether it waits for memory: who goes on without waiting makes the line longer.
    #[pyo3(name = "_post")]
    fn post<'py>(
        slf: &Bound<'py, Self>,
        message: &Bound<'py, Message>,
    ) -> PyResult<(Bound<'py, PyAny>, bool)> {
        let core = slf.as_super().get();
        let parts = Parts::of_message(message);
        let ready = parts.ready("produce", &core.settings.serializers, now_ms())?;
        hand_over(slf.py(), core, &ready, Haste::Lingers)
    }

    /// Connects; the future is done once the cluster has answered.
    #[pyo3(name = "_connect")]
    fn connect<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        ask(slf, "start", Client::connect)
    }

    /// The future is done once the cluster has answered, at the latest after these seconds.
    #[pyo3(name = "_ping")]
    fn ping<'py>(slf: &Bound<'py, Self>, timeout: f64) -> PyResult<Bound<'py, PyAny>> {
        let limit = seconds_of(timeout)?;
        ask(slf, "ping", |client, waiter| client.ping(limit, waiter))
    }

    /// The future is done once the cluster has described itself, for `_described`; at the latest
    /// after these seconds, or after `metadata_timeout_ms`.
    #[pyo3(name = "_describe_cluster", signature = (timeout=None))]
    fn describe_cluster<'py>(
        slf: &Bound<'py, Self>,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let limit = timeout.map(seconds_of).transpose()?;
        ask(slf, "cluster", |client, waiter| client.describe_cluster(limit, waiter))
    }

    /// The future is done once the cluster has described a topic.
    #[pyo3(name = "_locate")]
    fn locate<'py>(slf: &Bound<'py, Self>, topic: &str) -> PyResult<Bound<'py, PyAny>> {
        ask(slf, "partitions", |client, waiter| client.locate(topic, waiter))
    }

    /// The future is done once a topic and the partition that messages name are known; the topic
    /// may be created for them.
    #[pyo3(name = "_locate_for_messages")]
    fn locate_for_messages<'py>(
        slf: &Bound<'py, Self>,
        topic: &str,
        partition: Option<i32>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let locate =
            |client: &Client<Waiter>, waiter| client.locate_for_records(topic, partition, waiter);
        ask(slf, "partitions", locate)
    }

    /// The future is done once everything handed over before has been settled; the number is for
    /// `_unsettled_before`.
    #[pyo3(name = "_settle")]
    fn settle<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, u64)> {
        let mut before = 0;
        let future = ask(slf, "flush", |client, waiter| {
            client.flush(waiter).map(|ticket| before = ticket).err()
        })?;
        Ok((future, before))
    }

    /// Takes no more messages, delivers those it has for at most `timeout` seconds, and
    /// disconnects; the future is done then.
    #[pyo3(name = "_disconnect", signature = (timeout=None))]
    fn disconnect<'py>(
        slf: &Bound<'py, Self>,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let core = slf.as_super().get();
        let limit = core.closing_limit(timeout)?;
        let (future, waiter) = waiter(&loops::needed(slf.py(), "close")?)?;
        let left = match core.shut() {
            Some(running) => running.client.close(limit, Some(waiter)),
            None => Some(waiter),
        };
        if left.is_some() {
            futures::finish(&future)?;
        }
        Ok(future)
    }
}

/// Hands one message over; the future brings its metadata.
pub(crate) fn produce<'py>(
    py: Python<'py>,
    core: &ProducerCore,
    ready: &Ready<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    hand_over(py, core, ready, Haste::AtOnce).map(|(future, _)| future)
}

/// Hands one message over; the future brings its metadata. Says also whether it waits for memory.
fn hand_over<'py>(
    py: Python<'py>,
    core: &ProducerCore,
    ready: &Ready<'_>,
    haste: Haste,
) -> PyResult<(Bound<'py, PyAny>, bool)> {
    with_future(py, core, haste, |client, who, haste| {
        ready.hand_over(&core.settings, client, who, haste)
    })
}

/// Makes a future for a message that is to be handed over.
fn with_future<'py>(
    py: Python<'py>,
    core: &ProducerCore,
    haste: Haste,
    hand_over: impl FnOnce(&Client<Waiter>, Awaited<'_, 'py>, Haste) -> PyResult<Handed>,
) -> PyResult<(Bound<'py, PyAny>, bool)> {
    let loop_ = loops::needed(py, "produce")?;
    let generation = process::generation();
    core.with_running(py, |Running { client, .. }| {
        let port = loops::port_of(&loop_)?;
        let haste = match haste {
            Haste::AtOnce => Turn::enter(&port, &loop_, client)?,
            Haste::Lingers | Haste::Together => haste,
        };
        let future = futures::of_loop(&loop_)?;
        let awaited = Awaited { future: &future, port: Arc::clone(&port) };
        process::check_not_forked(generation)?;
        let handed = hand_over(client, awaited, haste)?;
        let waits = matches!(handed, Handed::Waits(_));
        match handed {
            Handed::Batched => {}
            Handed::Behind => port.turn().found_others(client),
            Handed::Held(ticket) | Handed::Waits(ticket) => {
                let (client, generation) = (client.clone(), process::generation());
                let unsend = Bound::new(py, Unsend { client, ticket, generation })?;
                method_with(&future, "add_done_callback", (unsend,))?;
            }
        }
        Ok((future, waits))
    })
}

/// A future for a question to the core, which gives the waiter back if it has ended.
fn ask<'py>(
    slf: &Bound<'py, AsyncProducerCore>,
    call: &str,
    question: impl FnOnce(&Client<Waiter>, Waiter) -> Option<Waiter>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = slf.py();
    let loop_ = loops::needed(py, call)?;
    // First: Python's code runs in there.
    let (future, waiter) = waiter(&loop_)?;
    let running = slf.as_super().get().running(py)?;
    match question(&running.client, waiter) {
        None => Ok(future),
        Some(_) => Err(closed(py)),
    }
}

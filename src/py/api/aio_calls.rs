//! The calls of `dekaf.Producer` that wait. Each returns a future of the running loop.

use pyo3::prelude::*;

use super::aio::{AsyncProducerCore, hand_over};
use super::producer::{closed, seconds_of};
use crate::client::Client;
use crate::producer::Haste;
use crate::py::base::clock::now_ms;
use crate::py::base::running_loop::needed;
use crate::py::delivery::futures;
use crate::py::delivery::loops::waiter;
use crate::py::input::message::Message;
use crate::py::input::parts::Parts;
use crate::py::waiters::waiter::Waiter;

/// Hands one message over as `send` does, and returns a future of its metadata, and whether the
/// message waits for memory.
#[pyfunction]
pub(crate) fn send_with_future<'py>(
    producer: &Bound<'py, AsyncProducerCore>,
    message: &Bound<'py, Message>,
) -> PyResult<(Bound<'py, PyAny>, bool)> {
    let core = producer.as_super().get();
    let parts = Parts::of_message(message);
    let ready = parts.ready("produce", &core.settings.serializers, now_ms())?;
    hand_over(producer.py(), core, &ready, Haste::Lingers)
}

/// Connects. The future completes when the cluster has answered.
#[pyfunction]
pub(crate) fn connect_async<'py>(
    producer: &Bound<'py, AsyncProducerCore>,
) -> PyResult<Bound<'py, PyAny>> {
    ask(producer, "start", Client::connect)
}

/// Asks the cluster for a sign of life. The future completes with the answer, or fails after
/// `timeout` seconds.
#[pyfunction]
pub(crate) fn ping_async<'py>(
    producer: &Bound<'py, AsyncProducerCore>,
    timeout: f64,
) -> PyResult<Bound<'py, PyAny>> {
    let limit = seconds_of(timeout)?;
    ask(producer, "ping", |client, waiter| client.ping(limit, waiter))
}

/// Asks the cluster to describe itself, for `described_cluster`. The future fails after `timeout`
/// seconds, or after `metadata_timeout_ms`.
#[pyfunction]
#[pyo3(signature = (producer, timeout=None))]
pub(crate) fn describe_cluster_async<'py>(
    producer: &Bound<'py, AsyncProducerCore>,
    timeout: Option<f64>,
) -> PyResult<Bound<'py, PyAny>> {
    let limit = timeout.map(seconds_of).transpose()?;
    ask(producer, "cluster", |client, waiter| client.describe_cluster(limit, waiter))
}

/// Asks about a topic, for `leaders`. Does not create it.
#[pyfunction]
pub(crate) fn locate_async<'py>(
    producer: &Bound<'py, AsyncProducerCore>,
    topic: &str,
) -> PyResult<Bound<'py, PyAny>> {
    ask(producer, "partitions", |client, waiter| client.locate(topic, waiter))
}

/// Asks about a topic and a partition that messages name. The brokers may create the topic.
#[pyfunction]
pub(crate) fn locate_for_messages_async<'py>(
    producer: &Bound<'py, AsyncProducerCore>,
    topic: &str,
    partition: Option<i32>,
) -> PyResult<Bound<'py, PyAny>> {
    let locate =
        |client: &Client<Waiter>, waiter| client.locate_for_records(topic, partition, waiter);
    ask(producer, "partitions", locate)
}

/// Flushes. The future completes when everything handed over before is settled. The number
/// identifies the flush, for `unsettled_before`.
#[pyfunction]
pub(crate) fn flush_async<'py>(
    producer: &Bound<'py, AsyncProducerCore>,
) -> PyResult<(Bound<'py, PyAny>, u64)> {
    let mut before = 0;
    let future = ask(producer, "flush", |client, waiter| {
        client.flush(waiter).map(|ticket| before = ticket).err()
    })?;
    Ok((future, before))
}

/// Takes no more messages, delivers the others for at most `timeout` seconds, and disconnects. The
/// future completes then.
#[pyfunction]
#[pyo3(signature = (producer, timeout=None))]
pub(crate) fn close_async<'py>(
    producer: &Bound<'py, AsyncProducerCore>,
    timeout: Option<f64>,
) -> PyResult<Bound<'py, PyAny>> {
    let core = producer.as_super().get();
    let limit = core.closing_limit(timeout)?;
    let (future, waiter) = waiter(&needed(producer.py(), "close")?)?;
    let left = match core.shut() {
        Some(running) => running.client.close(limit, Some(waiter)),
        None => Some(waiter),
    };
    if left.is_some() {
        futures::finish(&future)?;
    }
    Ok(future)
}

/// Returns a future for a question to the core. Fails if the core has ended.
fn ask<'py>(
    producer: &Bound<'py, AsyncProducerCore>,
    call: &str,
    question: impl FnOnce(&Client<Waiter>, Waiter) -> Option<Waiter>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = producer.py();
    let loop_ = needed(py, call)?;
    // Before the core is asked: this runs Python code.
    let (future, waiter) = waiter(&loop_)?;
    let running = producer.as_super().get().running(py)?;
    match question(&running.client, waiter) {
        None => Ok(future),
        Some(_) => Err(closed(py)),
    }
}

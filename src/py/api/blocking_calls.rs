//! The calls of `dekaf.SyncProducer` that wait. Each blocks its thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use super::blocking::SyncProducerCore;
use super::producer::{closed, seconds_of};
use crate::client::Client;
use crate::py::delivery::dispatcher;
use crate::py::delivery::wait::wait_for;
use crate::py::waiters::answer::Answer;
use crate::py::waiters::waiter::Waiter;

/// Connects. Returns when the cluster has answered.
#[pyfunction]
pub(crate) fn connect_blocking(producer: &Bound<'_, SyncProducerCore>) -> PyResult<()> {
    ask(producer, None, Client::connect).map(drop)
}

/// Asks the cluster for a sign of life. Fails after `timeout` seconds.
#[pyfunction]
pub(crate) fn ping_blocking(producer: &Bound<'_, SyncProducerCore>, timeout: f64) -> PyResult<()> {
    let limit = seconds_of(timeout)?;
    ask(producer, None, |client, waiter| client.ping(limit, waiter)).map(drop)
}

/// Asks the cluster to describe itself, for `described_cluster`. Fails after `timeout` seconds, or
/// after `metadata_timeout_ms`.
#[pyfunction]
#[pyo3(signature = (producer, timeout=None))]
pub(crate) fn describe_cluster_blocking(
    producer: &Bound<'_, SyncProducerCore>,
    timeout: Option<f64>,
) -> PyResult<()> {
    let limit = timeout.map(seconds_of).transpose()?;
    ask(producer, None, |client, waiter| client.describe_cluster(limit, waiter)).map(drop)
}

/// Asks about a topic, for `leaders`. Does not create it.
#[pyfunction]
pub(crate) fn locate_blocking(producer: &Bound<'_, SyncProducerCore>, topic: &str) -> PyResult<()> {
    ask(producer, None, |client, waiter| client.locate(topic, waiter)).map(drop)
}

/// Asks about a topic and a partition that messages name. The brokers may create the topic.
#[pyfunction]
pub(crate) fn locate_for_messages_blocking(
    producer: &Bound<'_, SyncProducerCore>,
    topic: &str,
    partition: Option<i32>,
) -> PyResult<()> {
    let locate =
        |client: &Client<Waiter>, waiter| client.locate_for_records(topic, partition, waiter);
    ask(producer, None, locate).map(drop)
}

/// Flushes: waits until everything handed over before is settled and callbacks have run, at most
/// for `timeout` seconds. Returns the number of messages that are not settled.
#[pyfunction]
#[pyo3(signature = (producer, timeout=None))]
pub(crate) fn flush_blocking(
    producer: &Bound<'_, SyncProducerCore>,
    timeout: Option<f64>,
) -> PyResult<usize> {
    let limit = timeout.map(seconds_of).transpose()?;
    let core = producer.as_super().get();
    let until = limit.map(|limit| Instant::now() + limit);
    let mut before = 0;
    let is_settled = ask(producer, limit, |client, waiter| {
        client.flush(waiter).map(|ticket| before = ticket).err()
    })?;
    if !is_settled {
        let running = core.started();
        return Ok(running.map_or(0, |running| running.client.unsettled_before(before)));
    }
    dispatcher::catch_up(producer.py(), core.callbacks_until(until))?;
    Ok(0)
}

/// Takes no more messages, delivers the others for at most `timeout` seconds, and disconnects.
#[pyfunction]
#[pyo3(signature = (producer, timeout=None))]
pub(crate) fn close_blocking(
    producer: &Bound<'_, SyncProducerCore>,
    timeout: Option<f64>,
) -> PyResult<()> {
    let core = producer.as_super().get();
    let limit = core.closing_limit(timeout)?;
    let until = timeout.map(|_| Instant::now() + limit);
    let Some(running) = core.shut() else { return Ok(()) };
    let answer = Arc::new(Answer::default());
    let py = producer.py();
    if running.client.close(limit, Some(Waiter::Thread(Arc::clone(&answer)))).is_none() {
        wait_for(py, &answer, None, || running.user_code.place_records(py).map(drop))?;
    }
    dispatcher::catch_up(py, core.callbacks_until(until))
}

/// Puts a question to the core and waits for the answer. Returns whether it came in time.
fn ask(
    producer: &Bound<'_, SyncProducerCore>,
    limit: Option<Duration>,
    question: impl FnOnce(&Client<Waiter>, Waiter) -> Option<Waiter>,
) -> PyResult<bool> {
    let py = producer.py();
    let running = producer.as_super().get().running(py)?;
    let answer = Arc::new(Answer::default());
    match question(&running.client, Waiter::Thread(Arc::clone(&answer))) {
        None => {
            let place = || running.user_code.place_records(py).map(drop);
            Ok(wait_for(py, &answer, limit, place)?.is_some())
        }
        Some(_) => Err(closed(py)),
    }
}

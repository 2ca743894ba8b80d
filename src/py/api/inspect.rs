//! Calls of both producers that do not wait.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::producer::{ProducerCore, closed};
use super::{cluster, metrics as tree};
use crate::net::SecurityMetrics;
use crate::producer::{Metrics, Pending, Purge};
use crate::py::base::errors::to_python;
use crate::py::lifecycle::process;
use crate::py::lifecycle::started::Running;

/// Drop messages. Each fails with `Purged`.
#[pyfunction]
pub(crate) fn purge(producer: &ProducerCore, in_queue: bool, in_flight: bool) {
    if let Some(running) = producer.started() {
        running.client.purge(Purge { in_queue, in_flight });
    }
}

/// Return a snapshot of the metrics, as a tree of dicts.
#[pyfunction]
pub(crate) fn metrics<'py>(
    py: Python<'py>,
    producer: &ProducerCore,
) -> PyResult<Bound<'py, PyDict>> {
    let Some(Running { client, user_code }) = producer.started() else {
        let buffer_memory = producer.settings.config.buffer_memory;
        let pending = Pending { buffer_memory, ..Pending::default() };
        let metrics = Metrics { pending, ..Metrics::default() };
        return tree::snapshot(py, &metrics, SecurityMetrics::default(), 0);
    };
    let (metrics, security) = (client.metrics(), client.security_metrics());
    tree::snapshot(py, &metrics, security, user_code.unclaimed().total())
}

/// Take the failures that no caller received since the last call: their number, and the first of
/// them.
#[pyfunction]
pub(crate) fn take_unclaimed<'py>(
    py: Python<'py>,
    producer: &ProducerCore,
) -> PyResult<(u64, Bound<'py, PyList>)> {
    let taken = producer.started().map(|running| running.user_code.unclaimed().take());
    let (count, first) = taken.unwrap_or_default();
    let first = first.iter().map(|error| to_python(py, error).into_value(py));
    Ok((count, PyList::new(py, first.collect::<Vec<_>>())?))
}

/// Return the leader of each partition of a known topic; `None` for a partition without one.
#[pyfunction]
pub(crate) fn leaders(producer: &ProducerCore, topic: &str) -> Vec<Option<i32>> {
    producer.started().map(|running| running.client.leaders(topic)).unwrap_or_default()
}

/// Return the last description of the cluster, as plain tuples.
#[pyfunction]
pub(crate) fn described_cluster<'py>(
    py: Python<'py>,
    producer: &ProducerCore,
) -> PyResult<Bound<'py, PyTuple>> {
    let described = producer.started().and_then(|running| running.client.described());
    cluster::tuples(py, &*described.ok_or_else(|| closed(py))?)
}

/// Return the number of messages that were handed over before a flush and are not settled.
#[pyfunction]
pub(crate) fn unsettled_before(producer: &ProducerCore, flush: u64) -> usize {
    producer.started().map_or(0, |running| running.client.unsettled_before(flush))
}

/// Return a number that identifies the coroutines of the producer's callbacks.
#[pyfunction]
pub(crate) fn producer_id(producer: &ProducerCore) -> usize {
    producer.started().map_or(0, |running| running.user_code.id())
}

/// Drop the user's functions of a closed producer, after they have received everything.
#[pyfunction]
pub(crate) fn drop_functions(py: Python<'_>, producer: &ProducerCore) {
    if let Some(running) = producer.started() {
        running.user_code.drop_functions();
    }
    process::sweep(py);
}

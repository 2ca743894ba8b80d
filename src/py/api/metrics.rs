//! A snapshot of the metrics as a tree of dicts. `dekaf._metrics` converts it to types.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::net::SecurityMetrics;
use crate::producer::{
    BatchMetrics, BrokerMetrics, Errors, Latency, Metrics, Pending, RecordMetrics, RequestMetrics,
    ThrottleTime, TopicMetrics,
};

type Tree<'py> = PyResult<Bound<'py, PyDict>>;

/// Builds a dict from fields, by their names, and from other values.
macro_rules! tree {
    ($py:expr, $of:expr, [$($field:ident),* $(,)?] $(, $name:literal: $value:expr)* $(,)?) => {{
        let tree = PyDict::new($py);
        $(tree.set_item(stringify!($field), $of.$field)?;)*
        $(tree.set_item($name, $value)?;)*
        Ok(tree)
    }};
}

pub(crate) fn snapshot<'py>(
    py: Python<'py>,
    metrics: &Metrics,
    security: SecurityMetrics,
    unclaimed: u64,
) -> Tree<'py> {
    tree!(py, metrics, [refused, bootstrap_failures, connect_failures, disconnects],
        "unclaimed": unclaimed,
        "security": secured(py, security)?,
        "records": records(py, metrics.records)?,
        "pending": pending(py, metrics.pending)?,
        "batches": batches(py, metrics.batches)?,
        "requests": requests(py, metrics.requests)?,
        "errors": errors(py, &metrics.errors)?,
        "acknowledgement": latency(py, metrics.acknowledgement)?,
        "brokers": list(py, &metrics.brokers, broker)?,
        "topics": list(py, &metrics.topics, topic)?,
    )
}

fn list<'py, T>(
    py: Python<'py>,
    items: &[T],
    each: fn(Python<'py>, &T) -> Tree<'py>,
) -> PyResult<Bound<'py, PyList>> {
    let items = items.iter().map(|item| each(py, item)).collect::<PyResult<Vec<_>>>()?;
    PyList::new(py, items)
}

fn records(py: Python<'_>, records: RecordMetrics) -> Tree<'_> {
    tree!(py, records, [handed_over, acknowledged, acknowledged_bytes, failed, unsent])
}

fn pending(py: Python<'_>, pending: Pending) -> Tree<'_> {
    tree!(
        py,
        pending,
        [
            memory_used,
            buffer_memory,
            queued,
            in_flight,
            waiting_for_memory,
            waiting_for_topic,
            waiting_for_placing
        ]
    )
}

fn batches(py: Python<'_>, batches: BatchMetrics) -> Tree<'_> {
    tree!(
        py,
        batches,
        [
            sent,
            acknowledged,
            retries,
            splits,
            sent_bytes,
            mean_records,
            mean_bytes,
            fill,
            compression_ratio
        ]
    )
}

fn requests(py: Python<'_>, requests: RequestMetrics) -> Tree<'_> {
    tree!(py, requests, [sent, lost, in_flight],
        "latency": latency(py, requests.latency)?,
        "throttle_time": throttle_time(py, requests.throttle_time)?,
    )
}

fn secured(py: Python<'_>, security: SecurityMetrics) -> Tree<'_> {
    tree!(
        py,
        security,
        [
            tls_handshakes,
            tls_failures,
            logins,
            login_failures,
            renewals,
            renewal_failures,
            certificate_expires_at
        ]
    )
}

fn errors<'py>(py: Python<'py>, errors: &Errors) -> Tree<'py> {
    let tree = PyDict::new(py);
    for (name, count) in errors {
        tree.set_item(name, count)?;
    }
    Ok(tree)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn throttle_time(py: Python<'_>, time: ThrottleTime) -> Tree<'_> {
    tree!(py, time, [count], "total_ms": ms(time.total), "max_ms": ms(time.max))
}

fn latency(py: Python<'_>, latency: Latency) -> Tree<'_> {
    tree!(py, latency, [count],
        "mean_ms": ms(latency.mean),
        "p50_ms": ms(latency.p50),
        "p90_ms": ms(latency.p90),
        "p99_ms": ms(latency.p99),
        "p999_ms": ms(latency.p999),
        "max_ms": ms(latency.max),
    )
}

fn broker<'py>(py: Python<'py>, broker: &BrokerMetrics) -> Tree<'py> {
    tree!(py, broker, [id, connected, connect_failures, disconnects],
        "requests": requests(py, broker.requests)?,
        "errors": errors(py, &broker.errors)?,
    )
}

fn topic<'py>(py: Python<'py>, topic: &TopicMetrics) -> Tree<'py> {
    tree!(py, topic, [partitions, queued, in_flight],
        "name": &*topic.name,
        "records": records(py, topic.records)?,
    )
}

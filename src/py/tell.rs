//! Tells those who waited for what was settled: completes futures, calls callbacks.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::callbacks;
use super::errors::to_python;
use super::futures;
use super::metadata::RecordMetadata;
use super::voice::Voice;
use super::waiter::{Stage, Waiter};
use super::wakes::Wakes;
use crate::error::Error;
use crate::producer::{RecordPlace, Settled, SettledBatch, Waiting};

/// Tells everybody who waited for one settled batch or call, and says how many that were. If one
/// cannot be told, because a signal's handler raises meanwhile, the others still are. Whom their
/// futures call is left for the loop's next turn.
pub(super) fn tell(
    py: Python<'_>,
    stage: Stage,
    voice: &Voice,
    settled: Settled<Waiter>,
    wakes: &Wakes,
) -> PyResult<usize> {
    match settled {
        Settled::Call { waiter, result } => {
            if let (Waiter::Future { future, .. }, Stage::Loop) = (&waiter, stage) {
                match result {
                    Ok(()) => futures::set_result(future.bind(py), py.None().bind(py), wakes)?,
                    Err(error) => futures::set_exception(future.bind(py), &error, wakes)?,
                }
            }
            Ok(1)
        }
        Settled::Batch(batch) => tell_batch(py, stage, voice, &batch, wakes),
    }
}

fn tell_batch(
    py: Python<'_>,
    stage: Stage,
    voice: &Voice,
    batch: &SettledBatch<Waiter>,
    wakes: &Wakes,
) -> PyResult<usize> {
    let mut failure = None;
    let topic = PyString::new(py, &batch.topic);
    for waiting in &batch.waiting {
        let told = match &batch.outcome {
            Ok(_) if stage == Stage::Thread && is_future(waiting) => Ok(()),
            Ok(stored) => metadata(&topic, batch.partition, stored.place_of(waiting))
                .and_then(|metadata| tell_stored(stage, voice, waiting, &metadata, wakes)),
            Err(error) => tell_failed(py, stage, voice, waiting, error, wakes),
        };
        failure = failure.or(told.err());
    }
    failure.map_or(Ok(batch.waiting.len()), Err)
}

fn is_future(waiting: &Waiting<Waiter>) -> bool {
    matches!(waiting.waiter, Waiter::Future { .. })
}

fn metadata<'py>(
    topic: &Bound<'py, PyString>,
    partition: i32,
    place: RecordPlace,
) -> PyResult<Bound<'py, PyAny>> {
    let topic_name = topic.clone().unbind();
    let metadata = RecordMetadata::new(topic_name, partition, place.offset, place.timestamp);
    Bound::new(topic.py(), metadata).map(Bound::into_any)
}

fn tell_stored(
    stage: Stage,
    voice: &Voice,
    waiting: &Waiting<Waiter>,
    metadata: &Bound<'_, PyAny>,
    wakes: &Wakes,
) -> PyResult<()> {
    let py = metadata.py();
    match &waiting.waiter {
        Waiter::Future { future, .. } => futures::set_result(future.bind(py), metadata, wakes),
        Waiter::Callback { callback, .. } => {
            callbacks::call(stage, voice, callback, metadata, py.None().bind(py))
        }
        Waiter::Thread(_) | Waiter::Member { .. } => Ok(()),
    }
}

fn tell_failed(
    py: Python<'_>,
    stage: Stage,
    voice: &Voice,
    waiting: &Waiting<Waiter>,
    error: &Error,
    wakes: &Wakes,
) -> PyResult<()> {
    match &waiting.waiter {
        Waiter::Future { future, .. } => {
            let future = future.bind(py);
            if stage == Stage::Thread || !futures::is_claimed(future)? {
                voice.unclaimed(error, 1);
                return voice.report(py, stage, error, 1);
            }
            futures::set_exception(future, error, wakes)
        }
        Waiter::Callback { callback, .. } => {
            let exception = to_python(py, error).into_value(py).into_bound(py).into_any();
            callbacks::call(stage, voice, callback, py.None().bind(py), &exception)
        }
        Waiter::Thread(_) | Waiter::Member { .. } => Ok(()),
    }
}

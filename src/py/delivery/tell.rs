//! Tells those who waited for what was settled: completes futures, calls callbacks.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::callbacks;
use super::futures;
use super::promises;
use super::row::Row;
use super::voice::Voice;
use crate::producer::{Settled, SettledBatch, Waiting};
use crate::py::base::errors::to_python;
use crate::py::input::metadata::RecordMetadata;
use crate::py::waiters::waiter::{Callback, Stage, Waiter};
use crate::py::waiters::wakes::Waking;

/// Tells everybody who waited for one settled batch or call, and says how many that were. If one
/// cannot be told, because a signal's handler raises meanwhile, the others still are. Whom their
/// futures call is left for the loop's next turn.
pub(crate) fn tell(
    py: Python<'_>,
    stage: Stage,
    voice: &Voice,
    settled: Settled<Waiter>,
    waking: &Waking<'_>,
) -> PyResult<usize> {
    match settled {
        Settled::Call { waiter, result } => {
            if let (Waiter::Future { future, .. }, Stage::Loop) = (&waiter, stage) {
                match result {
                    Ok(()) => futures::set_result(future.bind(py), py.None().bind(py), waking)?,
                    Err(error) => futures::set_exception(future.bind(py), &error, waking)?,
                }
            }
            Ok(1)
        }
        Settled::Batch(batch) => tell_batch(py, stage, voice, &batch, waking),
    }
}

fn tell_batch(
    py: Python<'_>,
    stage: Stage,
    voice: &Voice,
    batch: &SettledBatch<Waiter>,
    waking: &Waking<'_>,
) -> PyResult<usize> {
    let mut failure = None;
    let mut count = 0;
    let topic = PyString::new(py, &batch.topic);
    for waiting in &batch.waiting {
        count += waiting.count as usize;
        let told = match &waiting.waiter {
            Waiter::Future { future, .. } => {
                let future = future.bind(py);
                tell_future(stage, voice, &topic, batch, waiting, future, waking)
            }
            Waiter::Promise { promise, .. } => {
                tell_promise(stage, voice, &topic, batch, waiting, promise.bind(py))
            }
            Waiter::Callback(callback) => {
                tell_callback(stage, voice, &topic, batch, waiting, callback)
            }
            Waiter::Thread(_) | Waiter::Member { .. } => Ok(()),
        };
        failure = failure.or(told.err());
        if !voice.is_ours() {
            break;
        }
    }
    failure.map_or(Ok(count), Err)
}

fn tell_future<'py>(
    stage: Stage,
    voice: &Voice,
    topic: &Bound<'py, PyString>,
    batch: &SettledBatch<Waiter>,
    waiting: &Waiting<Waiter>,
    future: &Bound<'py, PyAny>,
    waking: &Waking<'_>,
) -> PyResult<()> {
    match &batch.outcome {
        Ok(_) if stage == Stage::Thread => Ok(()),
        Ok(stored) => {
            let metadata = RecordMetadata::of(topic, batch.partition, stored.place_of(waiting))?;
            futures::set_result(future, &metadata, waking)
        }
        // It was written down when its loop had ended.
        Err(error) if stage == Stage::Thread => voice.report(future.py(), stage, error, 1),
        Err(error) if !futures::is_claimed(future)? => {
            voice.unclaimed(error, 1);
            voice.report(future.py(), stage, error, 1)
        }
        Err(error) => futures::set_exception(future, error, waking),
    }
}

fn tell_promise(
    stage: Stage,
    voice: &Voice,
    topic: &Bound<'_, PyString>,
    batch: &SettledBatch<Waiter>,
    waiting: &Waiting<Waiter>,
    promise: &Bound<'_, PyAny>,
) -> PyResult<()> {
    match &batch.outcome {
        Ok(stored) => {
            let metadata = RecordMetadata::of(topic, batch.partition, stored.place_of(waiting))?;
            promises::set_result(promise, &metadata)
        }
        Err(error) if !promises::is_claimed(promise)? => {
            voice.unclaimed(error, 1);
            voice.report(promise.py(), stage, error, 1)
        }
        Err(error) => promises::set_exception(promise, error),
    }
}

/// Calls a callback once for each of the records in a row that it was given with.
fn tell_callback(
    stage: Stage,
    voice: &Voice,
    topic: &Bound<'_, PyString>,
    batch: &SettledBatch<Waiter>,
    waiting: &Waiting<Waiter>,
    callback: &Arc<Callback>,
) -> PyResult<()> {
    let py = topic.py();
    let none = py.None().into_bound(py);
    let count = waiting.count as u32;
    match &batch.outcome {
        Ok(stored) if count == 1 => {
            let metadata = RecordMetadata::of(topic, batch.partition, stored.place_of(waiting))?;
            callbacks::call(stage, voice, callback, &metadata, &none)
        }
        Ok(stored) => {
            let first = stored.first_place_of(waiting);
            let row = Row::new(stage, callback, topic, batch.partition, first, count);
            Row::tell(&Bound::new(py, row)?, voice)
        }
        Err(error) => {
            let mut failure = None;
            for _ in 0..count {
                let exception = to_python(py, error).into_value(py).into_bound(py).into_any();
                let told = callbacks::call(stage, voice, callback, &none, &exception);
                failure = failure.or(told.err());
                if !voice.is_ours() {
                    break;
                }
            }
            failure.map_or(Ok(()), Err)
        }
    }
}

//! Completes the waiters of settled batches and calls: futures, promises and callbacks.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::callback_run::CallbackRun;
use super::user_code::UserCode;
use super::{callbacks, futures, promises};
use crate::producer::{Settled, SettledBatch, Waiting};
use crate::py::base::errors::to_python;
use crate::py::input::metadata::RecordMetadata;
use crate::py::waiters::port::Stage;
use crate::py::waiters::waiter::{Callback, Waiter};
use crate::py::waiters::wakeups::Waking;

/// Completes the waiters of one settled batch or call. Returns how many there were. If one fails,
/// because a signal handler raises, the others are still completed. Callbacks of futures are queued
/// for the loop's next turn.
pub(crate) fn complete(
    py: Python<'_>,
    stage: Stage,
    user_code: &UserCode,
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
        Settled::Batch(batch) => complete_batch(py, stage, user_code, &batch, waking),
    }
}

fn complete_batch(
    py: Python<'_>,
    stage: Stage,
    user_code: &UserCode,
    batch: &SettledBatch<Waiter>,
    waking: &Waking<'_>,
) -> PyResult<usize> {
    let mut failure = None;
    let mut count = 0;
    let topic = PyString::new(py, &batch.topic);
    for waiting in &batch.waiting {
        count += waiting.count as usize;
        let completed = match &waiting.waiter {
            Waiter::Future { future, .. } => {
                let future = future.bind(py);
                complete_future(stage, user_code, &topic, batch, waiting, future, waking)
            }
            Waiter::Promise { promise, .. } => {
                complete_promise(stage, user_code, &topic, batch, waiting, promise.bind(py))
            }
            Waiter::Callback(callback) => {
                call_callback(stage, user_code, &topic, batch, waiting, callback)
            }
            Waiter::Thread(_) | Waiter::Member { .. } => Ok(()),
        };
        failure = failure.or(completed.err());
        if !user_code.is_ours() {
            break;
        }
    }
    failure.map_or(Ok(count), Err)
}

fn complete_future<'py>(
    stage: Stage,
    user_code: &UserCode,
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
        // It counts as unclaimed since its loop ended.
        Err(error) if stage == Stage::Thread => user_code.report(future.py(), stage, error, 1),
        Err(error) if !futures::is_claimed(future)? => {
            user_code.unclaimed().add(error, 1);
            user_code.report(future.py(), stage, error, 1)
        }
        Err(error) => futures::set_exception(future, error, waking),
    }
}

fn complete_promise(
    stage: Stage,
    user_code: &UserCode,
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
            user_code.unclaimed().add(error, 1);
            user_code.report(promise.py(), stage, error, 1)
        }
        Err(error) => promises::set_exception(promise, error),
    }
}

/// Calls a callback once for each of the consecutive records that named it.
fn call_callback(
    stage: Stage,
    user_code: &UserCode,
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
            callbacks::call(stage, user_code.id(), callback, &metadata, &none)
        }
        Ok(stored) => {
            let first = stored.first_place_of(waiting);
            let run = CallbackRun::new(stage, callback, topic, batch.partition, first, count);
            CallbackRun::call_all(&Bound::new(py, run)?, user_code)
        }
        Err(error) => {
            let mut failure = None;
            for _ in 0..count {
                let exception = to_python(py, error).into_value(py).into_bound(py).into_any();
                let completed = callbacks::call(stage, user_code.id(), callback, &none, &exception);
                failure = failure.or(completed.err());
                if !user_code.is_ours() {
                    break;
                }
            }
            failure.map_or(Ok(()), Err)
        }
    }
}

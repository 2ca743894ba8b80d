//! A settled batch on its way to those who wait for its records. A reader tells as many as it has
//! time for; and a function that is called here may run the loop anew, as notebooks do it, which
//! then goes on where its caller stands.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::{PyTraverseError, PyVisit};

use super::callbacks;
use super::errors::to_python;
use super::futures;
use super::metadata::RecordMetadata;
use super::voice::Voice;
use super::waiter::{Stage, Waiter};
use crate::error::Error;
use crate::producer::{RecordPlace, SettledBatch, Waiting};

#[derive(Debug)]
pub(super) struct Lot {
    voice: Arc<Voice>,
    batch: SettledBatch<Waiter>,
    /// The first that nobody has begun to tell.
    next: AtomicUsize,
}

impl Lot {
    pub(super) fn new(voice: &Arc<Voice>, batch: SettledBatch<Waiter>) -> Arc<Self> {
        Arc::new(Self { voice: Arc::clone(voice), batch, next: AtomicUsize::new(0) })
    }

    fn take_next(&self) -> Option<&Waiting<Waiter>> {
        self.batch.waiting.get(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Tells at most so many, and says how many that were: fewer if these were the last. Where
    /// one cannot be told, as a signal's handler raises or a function ends the program, the next
    /// call goes on behind it.
    pub(super) fn tell(&self, py: Python<'_>, stage: Stage, most: usize) -> PyResult<usize> {
        let Self { voice, batch, next: _ } = self;
        let topic = PyString::new(py, &batch.topic);
        let mut told = 0;
        while told < most
            && let Some(waiting) = self.take_next()
        {
            told += 1;
            match &batch.outcome {
                // A loop that ended cannot complete its futures any more.
                Ok(_) if stage == Stage::Thread && waiting.waiter.is_future() => {}
                Ok(stored) => {
                    let metadata = metadata(&topic, batch.partition, stored.place_of(waiting))?;
                    tell_stored(stage, voice, waiting, &metadata)?;
                }
                Err(error) => tell_failed(py, stage, voice, waiting, error)?,
            }
        }
        Ok(told)
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.batch.waiting.iter().try_for_each(|waiting| waiting.waiter.traverse(visit))
    }
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
) -> PyResult<()> {
    let py = metadata.py();
    match &waiting.waiter {
        Waiter::Future { future, .. } => futures::set_result(future.bind(py), metadata),
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
) -> PyResult<()> {
    match &waiting.waiter {
        Waiter::Future { future, .. } => {
            let future = future.bind(py);
            if stage == Stage::Thread || !futures::is_claimed(future)? {
                voice.unclaimed(error, 1);
                return voice.report(py, stage, error, 1);
            }
            futures::set_exception(future, error)
        }
        Waiter::Callback { callback, .. } => {
            let exception = to_python(py, error).into_value(py).into_bound(py).into_any();
            callbacks::call(stage, voice, callback, py.None().bind(py), &exception)
        }
        Waiter::Thread(_) | Waiter::Member { .. } => Ok(()),
    }
}

//! A thread that is blocked until the core has an answer for it. The interpreter is free
//! meanwhile, and Ctrl-C ends the wait.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error::Error;
use crate::producer::RecordPlace;
use crate::py::base::calls::detached;
use crate::py::base::errors::to_python;
use crate::py::delivery::loops;
use crate::py::input::metadata::RecordMetadata;
use crate::py::lifecycle::process;

/// How often a wait looks whether Ctrl-C was pressed.
pub(crate) const SIGNAL_CHECK: Duration = Duration::from_millis(50);

/// What a blocked thread learns: where its message is, or that its call is done.
#[derive(Debug)]
pub(crate) enum Learned {
    Stored { topic: Arc<str>, partition: i32, place: RecordPlace },
    Done,
}

/// Filled once, by the core.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    learned: Mutex<Option<Result<Learned, Error>>>,
    filled: Condvar,
}

impl Answer {
    fn learned(&self) -> MutexGuard<'_, Option<Result<Learned, Error>>> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fill(&self, learned: Result<Learned, Error>) {
        *self.learned() = Some(learned);
        self.filled.notify_all();
    }

    /// Waits, at most for `limit`; `None` if that is over.
    fn take(&self, limit: Duration) -> Option<Result<Learned, Error>> {
        let empty = |learned: &mut Option<_>| learned.is_none();
        let waited = self.filled.wait_timeout_while(self.learned(), limit, empty);
        waited.unwrap_or_else(PoisonError::into_inner).0.take()
    }

    /// Waits until it is filled, at most for `limit`; `None` if that is over. Now and then it does
    /// what somebody else cannot who is blocked by this very wait.
    pub(crate) fn wait(
        &self,
        py: Python<'_>,
        limit: Option<Duration>,
        meanwhile: impl Fn() -> PyResult<()>,
    ) -> PyResult<Option<Learned>> {
        let generation = process::generation();
        loops::warn_of_waiting(py)?;
        process::check_not_forked(generation)?;
        let until = limit.and_then(|limit| Instant::now().checked_add(limit));
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let slice = left.map_or(SIGNAL_CHECK, |left| left.min(SIGNAL_CHECK));
            if let Some(learned) = detached(py, || self.take(slice)) {
                return learned.map(Some).map_err(|error| to_python(py, &error));
            }
            py.check_signals()?;
            process::check_not_forked(generation)?;
            meanwhile()?;
            if left == Some(Duration::ZERO) {
                return Ok(None);
            }
        }
    }
}

impl Learned {
    pub(crate) fn into_metadata(self, py: Python<'_>) -> Option<RecordMetadata> {
        match self {
            Self::Stored { topic, partition, place } => {
                let topic = PyString::new(py, &topic).unbind();
                Some(RecordMetadata::new(topic, partition, place.offset, place.timestamp))
            }
            Self::Done => None,
        }
    }
}

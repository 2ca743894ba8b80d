//! The slot in which a blocked thread finds its result.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Error;
use crate::producer::RecordPlace;

/// The result of a blocked call: the place of its message, or that the call is done.
#[derive(Debug)]
pub(crate) enum Learned {
    Stored { topic: Arc<str>, partition: i32, place: RecordPlace },
    Done,
}

/// The core fills it once.
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

    /// Waits for the result, at most for `limit`. Returns `None` if there was none.
    pub(crate) fn take(&self, limit: Duration) -> Option<Result<Learned, Error>> {
        let empty = |learned: &mut Option<_>| learned.is_none();
        let waited = self.filled.wait_timeout_while(self.learned(), limit, empty);
        waited.unwrap_or_else(PoisonError::into_inner).0.take()
    }
}

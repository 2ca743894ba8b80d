//! Batch calls that find `buffer_memory` full: the call waits until its last lot is admitted, and
//! fails the rest of its messages if that takes too long.

use std::sync::Arc;
use std::time::Instant;

use pyo3::prelude::*;

use super::{BatchCall, Work};
use crate::error::{Error, ErrorKind};
use crate::py::api::room::no_room;
use crate::py::base::interrupts::wait_interruptibly;
use crate::py::base::running_loop::needed;
use crate::py::delivery::futures;
use crate::py::delivery::loops::waiter;

impl BatchCall {
    /// Returns a future that completes when the last lot is admitted.
    pub(super) fn when_admitted<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (future, waiter) = waiter(&needed(py, "produce_all")?)?;
        let work = self.take_work();
        let ticket = work.waits.last().copied();
        self.put_back(work);
        let left = match ticket {
            Some(ticket) => self.running.client.when_admitted(ticket, waiter),
            None => Some(waiter),
        };
        if left.is_some() {
            futures::finish(&future)?;
        }
        Ok(future)
    }

    /// Blocks until the last lot is admitted. After `max_block_ms`, cancels what still waits and
    /// fails the remaining messages.
    pub(super) fn wait_admitted(&self, py: Python<'_>) -> PyResult<()> {
        let core = self.topic.get().producer();
        let until = Instant::now() + core.settings.max_block;
        let mut work = self.take_work();
        let Some(&ticket) = work.waits.last() else {
            self.put_back(work);
            return Ok(());
        };
        let client = &self.running.client;
        let left = || Some(until.saturating_duration_since(Instant::now()));
        let take = |slice| client.wait_admitted(ticket, slice).then_some(());
        // This may be the thread that would call the partitioner.
        let place = || self.running.user_code.place_records(py).map(drop);
        let admitted = wait_interruptibly(py, self.generation, left, take, place);
        if matches!(admitted, Ok(None)) {
            let error = self.with_topic(py, no_room(&core.settings, false));
            let waits = std::mem::take(&mut work.waits);
            self.cancel(waits, |index| self.group.fail(index..index + 1, error.clone()));
            self.fail_rest(&mut work, &error);
        }
        self.put_back(work);
        admitted.map(drop)
    }

    /// Fails the remaining messages if records of the last lot timed out while they waited for
    /// memory. Otherwise a long call would wait for `delivery_timeout_ms` once for each lot.
    pub(super) fn give_up_if_starved(&self, py: Python<'_>, work: &mut Work) {
        if self.group.is_late_from(work.lot.start) {
            let limit = self.topic.get().producer().settings.config.delivery_timeout;
            let message = format!(
                "it was not handed over: what went before it in the same call was not \
                 acknowledged within delivery_timeout_ms={}",
                limit.as_millis()
            );
            let error = self.with_topic(py, Error::new(ErrorKind::DeliveryTimeout, message));
            self.fail_rest(work, &error);
        }
    }

    /// Adds the topic to an error, if all messages of the call share one.
    fn with_topic(&self, py: Python<'_>, error: Error) -> Error {
        let topic = self.topic.get().template().topic.as_ref();
        let topic = topic.and_then(|topic| topic.bind(py).to_str().ok()).map(Arc::from);
        topic.iter().fold(error, Error::topic)
    }

    /// Fails the messages that were not handed over.
    fn fail_rest(&self, work: &mut Work, error: &Error) {
        self.group.fail(work.next as u32..self.count as u32, error.clone());
        work.next = self.count;
    }
}

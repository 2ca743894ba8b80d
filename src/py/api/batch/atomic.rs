//! All-or-nothing batch calls (`atomic=True`): the call reads every item first, and hands all
//! records over in one step once `buffer_memory` has room for all of them.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;

use super::BatchCall;
use crate::py::api::atomic_set::AtomicSet;
use crate::py::base::clock::now_ms;
use crate::py::base::running_loop::needed;
use crate::py::delivery::futures;
use crate::py::delivery::loops::waiter;
use crate::py::delivery::wait::wait_for;
use crate::py::input::ready::Ready;
use crate::py::waiters::answer::Answer;
use crate::py::waiters::waiter::Waiter;

/// How long a blocking call sleeps before it checks its time limit again.
const BETWEEN_TRIES: Duration = Duration::from_millis(200);

impl BatchCall {
    /// Reads all items. Returns the topic and the partition that the call needs to know.
    pub(super) fn read_atomic(&self, py: Python<'_>) -> PyResult<Option<(String, Option<i32>)>> {
        let now = now_ms();
        let most = self.topic.get().producer().settings.config.max_request_size;
        let (mut messages, mut size) = (Vec::new(), 0);
        for (index, item) in self.items.bind(py).iter().enumerate() {
            let message = self
                .shape
                .ready(self.topic.get().template(), &item, now)
                .and_then(Ready::into_owned);
            match message {
                Ok(message) => {
                    size += message.2.size();
                    messages.push(message);
                }
                Err(error) => return Err(PyErr::from_value(self.refusal(index, &item, error)?)),
            }
            if size > most {
                // The core will refuse it, so the remaining items need not be read.
                break;
            }
        }
        let set = AtomicSet::new(messages)?;
        let wanted = set.as_ref().map(|set| (set.topic().to_owned(), set.partition()));
        let mut work = self.take_work();
        work.atomic = set;
        self.put_back(work);
        Ok(wanted)
    }

    /// Hands all records over if there is room. Returns whether there was.
    pub(super) fn try_atomic(&self, py: Python<'_>, blocks: bool) -> PyResult<bool> {
        let core = self.topic.get().producer();
        let in_all = core.settings.config.delivery_timeout;
        let limit = if blocks { in_all.min(core.settings.max_block) } else { in_all };
        let mut work = self.take_work();
        let handed = match &mut work.atomic {
            Some(set) => {
                let member = |index| self.member(index as u32);
                set.hand_over(py, &core.settings, &self.running.client, limit, member)
            }
            None => Ok(true),
        };
        if matches!(handed, Ok(true)) {
            work.atomic = None;
            work.next = self.count;
        }
        self.put_back(work);
        handed
    }

    /// Returns a future that completes when there may be room.
    pub(super) fn when_atomic_fits<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (future, waiter) = waiter(&needed(py, "publish_batch")?)?;
        if self.ask_for_room(waiter).is_some() {
            futures::finish(&future)?;
        }
        Ok(future)
    }

    /// Blocks until there may be room, or until the time limit must be checked again.
    pub(super) fn wait_atomic_fits(&self, py: Python<'_>) -> PyResult<()> {
        let answer = Arc::new(Answer::default());
        if self.ask_for_room(Waiter::Thread(Arc::clone(&answer))).is_none() {
            let place = || self.running.user_code.place_records(py).map(drop);
            wait_for(py, &answer, Some(BETWEEN_TRIES), place)?;
        }
        Ok(())
    }

    /// Registers a waiter for room. Returns it if there is nothing to wait for.
    fn ask_for_room(&self, waiter: Waiter) -> Option<Waiter> {
        let work = self.take_work();
        let left = match &work.atomic {
            Some(set) => self.running.client.when_whole_fits(set.topic(), set.size(), waiter),
            None => Some(waiter),
        };
        self.put_back(work);
        left
    }

    fn member(&self, index: u32) -> Waiter {
        Waiter::Member { group: Arc::clone(&self.group), index }
    }
}

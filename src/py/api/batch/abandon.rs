//! Abandoned batch calls: records that are not in a batch yet are cancelled, and failures are
//! reported as unclaimed.

use pyo3::prelude::*;

use super::BatchCall;
use crate::error::Error;
use crate::producer::Ticket;
use crate::py::api::results::of_exception;
use crate::py::base::running_loop::running;
use crate::py::waiters::port::Stage;
use crate::py::waiters::waiter::Waiter;

impl BatchCall {
    /// Cancels the records that can be cancelled, and reports the failures so far.
    pub(super) fn abandon_call(&self, py: Python<'_>) -> PyResult<()> {
        if !self.generation.is_current() {
            return Ok(());
        }
        self.running.client.ship();
        let (waiter, mut failures) = self.group.abandon();
        drop(waiter);
        let mut work = self.take_work();
        let held = work.held.drain(..).chain(work.waits.drain(..)).collect();
        self.cancel(held, |index| self.group.refuse(index));
        for (_, error) in work.refused {
            failures.push(of_exception(error.bind(py))?);
        }
        self.report(py, &failures)
    }

    /// Reports failures that the caller does not receive.
    pub(super) fn report(&self, py: Python<'_>, failures: &[Error]) -> PyResult<()> {
        let stage = if running(py)?.is_some() { Stage::Loop } else { Stage::Thread };
        for error in failures {
            self.running.user_code.unclaimed().add(error, 1);
            self.running.user_code.report(py, stage, error, 1)?;
        }
        Ok(())
    }

    /// Cancels records that wait for memory or for their topic, the last one first. If the topic
    /// becomes known meanwhile, the records that are delivered all the same have no gap.
    pub(super) fn cancel(&self, mut tickets: Vec<Ticket>, on_cancelled: impl Fn(u32)) {
        tickets.reverse();
        for unsent in self.running.client.cancel_many(&tickets) {
            if let Some(Waiter::Member { index, .. }) = unsent.waiter {
                on_cancelled(index);
            }
        }
    }
}

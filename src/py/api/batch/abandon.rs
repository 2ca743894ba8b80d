//! Abandoned batch calls: records that are not in a batch yet are cancelled, and failures are
//! reported as unclaimed.

use pyo3::prelude::*;

use super::BatchCall;
use crate::error::Error;
use crate::producer::Ticket;
use crate::py::api::results::of_exception;
use crate::py::delivery::loops;
use crate::py::waiters::waiter::{Stage, Waiter};

impl BatchCall {
    /// Cancels the records that can be cancelled, and reports the failures so far.
    pub(super) fn abandon(&self, py: Python<'_>) -> PyResult<()> {
        if !self.group.is_ours() {
            return Ok(());
        }
        self.running.client.ship();
        let (waiter, mut failures) = self.group.forgo();
        drop(waiter);
        let mut work = self.take_work();
        let held = work.held.drain(..).chain(work.waits.drain(..)).collect();
        self.un_send(held, |index| self.group.refuse(index));
        for (_, error) in work.refused {
            failures.push(of_exception(error.bind(py))?);
        }
        self.unclaimed(py, &failures)
    }

    /// Reports failures that the caller does not receive.
    pub(super) fn unclaimed(&self, py: Python<'_>, failures: &[Error]) -> PyResult<()> {
        let stage = if loops::running(py)?.is_some() { Stage::Loop } else { Stage::Thread };
        for error in failures {
            self.running.voice.unclaimed(error, 1);
            self.running.voice.report(py, stage, error, 1)?;
        }
        Ok(())
    }

    /// Cancels records that wait for memory or for their topic, the last one first. If the topic
    /// becomes known meanwhile, the records that are delivered all the same have no gap.
    pub(super) fn un_send(&self, mut tickets: Vec<Ticket>, told: impl Fn(u32)) {
        tickets.reverse();
        for unsent in self.running.client.cancel_many(&tickets) {
            if let Some(Waiter::Member { index, .. }) = unsent.waiter {
                told(index);
            }
        }
    }
}

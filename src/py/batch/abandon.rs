//! Batch calls that their caller has abandoned: records that are not in a batch yet are taken back,
//! and failures go where unclaimed ones go.

use pyo3::prelude::*;

use super::BatchCall;
use crate::error::Error;
use crate::producer::Ticket;
use crate::py::loops;
use crate::py::results::of_exception;
use crate::py::waiter::{Stage, Waiter};

impl BatchCall {
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

    /// Failures that nobody hears of who called.
    pub(super) fn unclaimed(&self, py: Python<'_>, failures: &[Error]) -> PyResult<()> {
        let stage = if loops::running(py)?.is_some() { Stage::Loop } else { Stage::Thread };
        for error in failures {
            self.running.voice.unclaimed(error, 1);
            self.running.voice.report(py, stage, error, 1)?;
        }
        Ok(())
    }

    /// Takes back what waits for memory or for its topic. The last goes first: what is delivered
    /// all the same, because its topic has just become known, has no gap then.
    pub(super) fn un_send(&self, mut tickets: Vec<Ticket>, told: impl Fn(u32)) {
        tickets.reverse();
        for unsent in self.running.client.cancel_many(&tickets) {
            if let Some(Waiter::Member { index, .. }) = unsent.waiter {
                told(index);
            }
        }
    }
}

//! The items that the core pushes to ports.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::complete::complete;
use super::user_code::UserCode;
use crate::error::Error;
use crate::net::ProgramRequest;
use crate::producer::{Notice, Settled, Waiting};
use crate::py::waiters::port::{Item, Stage};
use crate::py::waiters::waiter::Waiter;
use crate::py::waiters::wakeups::Waking;

/// Work for a reader, of one producer.
#[derive(Debug)]
pub(crate) struct Work {
    user_code: Arc<UserCode>,
    task: Task,
    is_orphan: bool,
}

#[derive(Debug)]
pub(crate) enum Task {
    /// Complete the waiters.
    Complete(Settled<Waiter>),
    /// Report unclaimed failures. They are counted already.
    Report(Error, usize),
    /// Call the user's partitioner.
    PlaceRecords,
    /// Have the user's code provide a password or a token.
    Provide(ProgramRequest),
    /// Write a line into the log.
    Log(Notice),
}

impl Work {
    pub(crate) fn item(user_code: &Arc<UserCode>, task: Task) -> Box<dyn Item> {
        Box::new(Self { user_code: Arc::clone(user_code), task, is_orphan: false })
    }
}

impl Item for Work {
    fn run(self: Box<Self>, py: Python<'_>, stage: Stage, waking: &Waking<'_>) -> PyResult<usize> {
        let Self { user_code, task, .. } = *self;
        match task {
            Task::Complete(settled) => complete(py, stage, &user_code, settled, waking),
            Task::Report(error, count) => {
                user_code.report(py, stage, &error, count).map(|()| count)
            }
            Task::PlaceRecords => user_code.place_records(py).map(|_| 1),
            Task::Provide(request) => user_code.provide(py, request).map(|()| 1),
            Task::Log(notice) => user_code.log(py, &notice).map(|()| 1),
        }
    }

    /// A loop that has ended cannot complete its futures. Their failures count as unclaimed now, so
    /// that the next `flush` or `close` raises them. The dispatcher logs them later.
    fn orphan(mut self: Box<Self>) -> Box<dyn Item> {
        if !std::mem::replace(&mut self.is_orphan, true)
            && let Task::Complete(Settled::Batch(batch)) = &self.task
            && let Err(error) = &batch.outcome
        {
            let is_future =
                |waiting: &&Waiting<Waiter>| matches!(waiting.waiter, Waiter::Future { .. });
            let count = batch.waiting.iter().filter(is_future).count();
            self.user_code.unclaimed().add(error, count);
        }
        self
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &self.task {
            Task::Complete(Settled::Call { waiter, .. }) => waiter.traverse(visit),
            Task::Complete(Settled::Batch(batch)) => {
                batch.waiting.iter().try_for_each(|waiting| waiting.waiter.traverse(visit))
            }
            Task::Report(..) | Task::PlaceRecords | Task::Provide(_) | Task::Log(_) => Ok(()),
        }
    }
}

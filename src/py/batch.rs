//! Batch calls: many messages in one call of Python. This file has the class and its state; the
//! files below it hand messages over, wait for memory, and take records back. Messages go to the
//! core a slice at a time, so that no call holds the interpreter or an event loop for long. A
//! message that cannot be handed over fails alone, unless the call is all or nothing.

mod abandon;
mod memory;
mod slices;
mod whole;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyList;
use pyo3::{PyTraverseError, PyVisit, intern};

use super::answer::Answer;
use super::errors::refused;
use super::futures;
use super::group::Group;
use super::items::{Shape, own_topic};
use super::loops;
use super::process;
use super::producer::seconds_of;
use super::results::BatchResultCore;
use super::started::Running;
use super::topic::TopicCore;
use super::waiter::Waiter;
use super::whole::WholeSet;
use crate::producer::Ticket;

/// How long one slice of a call may take, or of what its results take to make.
pub(super) const SLICE: Duration = Duration::from_micros(500);

/// One call, from its first message to the last result.
#[pyclass(frozen, module = "dekaf._core")]
pub(super) struct BatchCall {
    topic: Py<TopicCore>,
    running: Running,
    /// Ours alone, and empty once everything is handed over.
    items: Py<PyList>,
    count: usize,
    shape: Shape,
    group: Arc<Group>,
    work: Mutex<Work>,
}

/// How far it is. Whoever works on it takes it out of its lock meanwhile: serializers are the
/// caller's code.
#[derive(Debug, Default)]
struct Work {
    next: usize,
    /// The messages that were handed over last.
    lot: Range<usize>,
    /// What may be un-sent yet, as its topic is not known.
    held: Vec<Ticket>,
    /// What was put into the line for memory last.
    waits: Vec<Ticket>,
    /// What could not be handed over, and why.
    refused: Vec<(u32, Py<PyAny>)>,
    /// What is stored together or not at all, until it is handed over.
    whole: Option<WholeSet>,
}

/// How a slice ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slice {
    /// Everything is handed over.
    Done,
    More,
    /// There is no memory for more.
    Full,
}

impl BatchCall {
    pub(super) fn new(
        topic: Py<TopicCore>,
        running: Running,
        items: Py<PyList>,
        shape: Shape,
        count: usize,
    ) -> Self {
        let group = Group::of(count);
        Self { topic, running, items, count, shape, group, work: Mutex::default() }
    }

    /// In a forked child the call is the parent's, whose core may have held its locks.
    fn check_ours(&self) -> PyResult<()> {
        if self.group.is_ours() { Ok(()) } else { Err(process::forked()) }
    }

    fn take_work(&self) -> Work {
        std::mem::take(&mut *self.work.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put_back(&self, work: Work) {
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = work;
    }

    /// What was raised for an item, as one of our errors that says which item it was.
    fn refusal<'py>(
        &self,
        index: usize,
        item: &Bound<'py, PyAny>,
        error: PyErr,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = item.py();
        if !error.is_instance_of::<PyException>(py) {
            return Err(error);
        }
        let common = || self.topic.get().template().topic.as_ref().map(|it| it.bind(py).clone());
        let error = refused(py, own_topic(item).or_else(common), error)?;
        error.setattr(intern!(py, "index"), index)?;
        Ok(error)
    }

    /// What became of everything.
    pub(super) fn results(&self, py: Python<'_>) -> BatchResultCore {
        let (fates, topics) = self.group.take();
        let work = self.take_work();
        BatchResultCore::of_fates(py, fates, &topics, work.refused)
    }
}

#[pymethods]
impl BatchCall {
    fn __len__(&self) -> usize {
        self.count
    }

    /// Reads everything, to hand it over [as one](Self::hand_over_whole). Returns the topic and the
    /// partition that are to be known then; `None` if there is nothing.
    fn prepare_whole(&self, py: Python<'_>) -> PyResult<Option<(String, Option<i32>)>> {
        self.read_whole(py)
    }

    /// Hands over what was prepared, all or nothing; says whether there was room. Who blocks waits
    /// no longer for that than `max_block_ms`.
    fn hand_over_whole(&self, py: Python<'_>, blocks: bool) -> PyResult<bool> {
        self.check_ours()?;
        self.try_whole(py, blocks)
    }

    /// A future that is done when it is worth while to try that again.
    fn room_for_whole<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.check_ours()?;
        self.when_whole_fits(py)
    }

    /// Waits until it is worth while to try that again.
    fn wait_for_whole(&self, py: Python<'_>) -> PyResult<()> {
        self.check_ours()?;
        self.wait_whole_fits(py)
    }

    /// Hands the next slice over. `None` says that all is, `False` that there is more, and `True`
    /// that there is no room for more before [`Self::room`] or [`Self::wait_for_room`].
    fn hand_over_some(&self, py: Python<'_>) -> PyResult<Option<bool>> {
        self.check_ours()?;
        let mut work = self.take_work();
        let slice = self.slice(py, &mut work);
        self.put_back(work);
        Ok(match slice? {
            Slice::Done => None,
            Slice::More => Some(false),
            Slice::Full => Some(true),
        })
    }

    /// A future that is done when there is room.
    fn room<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.check_ours()?;
        self.when_admitted(py)
    }

    /// Waits until there is room, at most for `max_block_ms`: then the rest fails.
    fn wait_for_room(&self, py: Python<'_>) -> PyResult<()> {
        self.check_ours()?;
        self.wait_admitted(py)
    }

    /// A future that is done when every message has its fate.
    fn settled<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.check_ours()?;
        let (future, waiter) = loops::waiter(&loops::needed(py, "produce_all")?)?;
        if self.group.wait(waiter).is_some() {
            futures::finish(&future)?;
        }
        Ok(future)
    }

    /// Waits until every message has its fate, at most for `timeout` seconds; says whether they
    /// have.
    #[pyo3(signature = (timeout=None))]
    fn wait_settled(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        self.check_ours()?;
        let limit = timeout.map(seconds_of).transpose()?;
        let answer = Arc::new(Answer::default());
        if self.group.wait(Waiter::Thread(Arc::clone(&answer))).is_some() {
            return Ok(true);
        }
        let voice = &self.running.voice;
        Ok(answer.wait(py, limit, || voice.place_records(py).map(drop))?.is_some())
    }

    /// How many messages have their fate, and how many of them failed.
    fn counts(&self) -> PyResult<(usize, usize)> {
        self.check_ours()?;
        Ok(self.group.counts())
    }

    /// Nobody waits for the rest: un-sends what can be, and has failures go where those go that
    /// nobody claims.
    fn forgo(&self, py: Python<'_>) -> PyResult<()> {
        self.abandon(py)
    }

    /// The same, of results that were taken: from one of them on, nobody has seen them.
    #[pyo3(signature = (results, first=0))]
    fn forgo_results(
        &self,
        py: Python<'_>,
        results: &Bound<'_, BatchResultCore>,
        first: usize,
    ) -> PyResult<()> {
        self.unclaimed(py, &results.get().failures_from(py, first)?)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.topic)?;
        visit.call(&self.items)?;
        // Whoever has taken the work out is running, and no garbage.
        let Ok(work) = self.work.try_lock() else { return Ok(()) };
        work.refused.iter().try_for_each(|(_, error)| visit.call(error))
    }

    fn __clear__(&self) {
        drop(self.take_work());
    }
}

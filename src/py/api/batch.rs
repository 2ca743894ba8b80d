//! Batch calls: many messages in one call of Python. This file has the class and its state; the
//! files below it hand messages over, wait for memory, and cancel records. Messages go to the
//! core a slice at a time, so that no call holds the interpreter or an event loop for long. A
//! message that cannot be handed over fails alone, unless the call is all or nothing.

mod abandon;
mod atomic;
mod room;
mod slices;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyList;
use pyo3::{PyTraverseError, PyVisit, intern};

use super::atomic_set::AtomicSet;
use super::producer::seconds_of;
use super::results::{BatchResultCore, CallOutcome};
use super::topic::TopicCore;
use crate::producer::Ticket;
use crate::py::base::errors::refused;
use crate::py::base::generation::Generation;
use crate::py::base::running_loop::needed;
use crate::py::delivery::futures;
use crate::py::delivery::loops::waiter;
use crate::py::delivery::wait::wait_for;
use crate::py::input::items::{Shape, own_topic};
use crate::py::lifecycle::started::Running;
use crate::py::waiters::answer::Answer;
use crate::py::waiters::group::Group;
use crate::py::waiters::waiter::Waiter;

/// One batch call, from its first message to its last result.
#[pyclass(frozen, module = "dekaf._core")]
pub(crate) struct BatchCall {
    topic: Py<TopicCore>,
    running: Running,
    /// No other code has this list. It is empty once everything is handed over.
    items: Py<PyList>,
    count: usize,
    shape: Shape,
    generation: Generation,
    group: Arc<Group<Waiter>>,
    work: Mutex<Work>,
}

/// The progress of a call. A method takes it out of its lock while it works on it: serializers are
/// the caller's code, and may call the same object.
#[derive(Debug, Default)]
struct Work {
    next: usize,
    /// The messages of the last lot.
    lot: Range<usize>,
    /// Records that can still be cancelled, because their topic was not known.
    held: Vec<Ticket>,
    /// Records of the last lot that wait for memory.
    waits: Vec<Ticket>,
    /// Messages that could not be handed over, each with its exception.
    refused: Vec<(u32, Py<PyAny>)>,
    /// The records of an all-or-nothing call, until they are handed over.
    atomic: Option<AtomicSet>,
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
    pub(crate) fn new(
        topic: Py<TopicCore>,
        running: Running,
        items: Py<PyList>,
        shape: Shape,
        count: usize,
    ) -> Self {
        let group = Group::of(count);
        Self {
            topic,
            running,
            items,
            count,
            shape,
            generation: Generation::current(),
            group,
            work: Mutex::default(),
        }
    }

    /// Fails in a forked child: the call belongs to the parent, whose core may have held its locks
    /// at the fork.
    fn check_ours(&self) -> PyResult<()> {
        self.generation.check()
    }

    fn take_work(&self) -> Work {
        std::mem::take(&mut *self.work.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put_back(&self, work: Work) {
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = work;
    }

    /// Converts an exception that an item has raised to a dekaf error with the item's index.
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
}

#[pymethods]
impl BatchCall {
    fn __len__(&self) -> usize {
        self.count
    }

    /// Reads all messages of an all-or-nothing call, for [`Self::hand_over_atomic`]. Returns the
    /// topic and the partition that must be known by then; `None` if the call has no messages.
    fn prepare_atomic(&self, py: Python<'_>) -> PyResult<Option<(String, Option<i32>)>> {
        self.read_atomic(py)
    }

    /// Hands over the prepared messages, all or nothing. Returns whether there was room. A call
    /// that `blocks` fails after `max_block_ms` without room.
    fn hand_over_atomic(&self, py: Python<'_>, blocks: bool) -> PyResult<bool> {
        self.check_ours()?;
        self.try_atomic(py, blocks)
    }

    /// Returns a future that completes when [`Self::hand_over_atomic`] may find room.
    fn room_for_atomic<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.check_ours()?;
        self.when_atomic_fits(py)
    }

    /// Blocks until [`Self::hand_over_atomic`] may find room.
    fn wait_for_atomic_room(&self, py: Python<'_>) -> PyResult<()> {
        self.check_ours()?;
        self.wait_atomic_fits(py)
    }

    /// Hands the next slice over. Returns `None` if that was the last one, `False` if there are
    /// more, and `True` if the call must first wait with [`Self::room`] or [`Self::wait_for_room`].
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

    /// Returns a future that completes when there is room.
    fn room<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.check_ours()?;
        self.when_admitted(py)
    }

    /// Blocks until there is room. After `max_block_ms` the remaining messages fail.
    fn wait_for_room(&self, py: Python<'_>) -> PyResult<()> {
        self.check_ours()?;
        self.wait_admitted(py)
    }

    /// Returns a future that completes when every message is settled.
    fn settled<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.check_ours()?;
        let (future, waiter) = waiter(&needed(py, "produce_all")?)?;
        if self.group.wait(waiter).is_some() {
            futures::finish(&future)?;
        }
        Ok(future)
    }

    /// Blocks until every message is settled, at most for `timeout` seconds. Returns whether all
    /// are.
    #[pyo3(signature = (timeout=None))]
    fn wait_settled(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        self.check_ours()?;
        let limit = timeout.map(seconds_of).transpose()?;
        let answer = Arc::new(Answer::default());
        if self.group.wait(Waiter::Thread(Arc::clone(&answer))).is_some() {
            return Ok(true);
        }
        let place = || self.running.user_code.place_records(py).map(drop);
        Ok(wait_for(py, &answer, limit, place)?.is_some())
    }

    /// Returns how many messages are settled, and how many of them failed.
    fn counts(&self) -> PyResult<(usize, usize)> {
        self.check_ours()?;
        Ok(self.group.counts())
    }

    /// Abandons the call: cancels the records that can be cancelled. Later failures are reported as
    /// unclaimed.
    fn abandon(&self, py: Python<'_>) -> PyResult<()> {
        self.abandon_call(py)
    }

    /// Reports failures among `results` as unclaimed, from index `first` on.
    #[pyo3(signature = (results, first=0))]
    fn abandon_results(
        &self,
        py: Python<'_>,
        results: &Bound<'_, BatchResultCore>,
        first: usize,
    ) -> PyResult<()> {
        self.report(py, &results.get().failures_from(py, first)?)
    }

    /// Returns the outcomes of all messages, for `BatchResultCore`.
    fn outcome(&self, py: Python<'_>) -> CallOutcome {
        let work = self.take_work();
        let copy = |(index, error): &(u32, Py<PyAny>)| (*index, error.clone_ref(py));
        let refused = work.refused.iter().map(copy).collect();
        self.put_back(work);
        CallOutcome::new(self.group.outcomes(), refused)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.topic)?;
        visit.call(&self.items)?;
        // A thread that has taken the work out is running, so the call is not garbage.
        let Ok(work) = self.work.try_lock() else { return Ok(()) };
        work.refused.iter().try_for_each(|(_, error)| visit.call(error))
    }

    fn __clear__(&self) {
        drop(self.take_work());
    }
}

/// Begins a batch call: many messages of a topic, in the shape "value", "pair" or "fields".
#[pyfunction]
pub(crate) fn batch_call(
    topic: &Bound<'_, TopicCore>,
    items: Bound<'_, PyList>,
    shape: &str,
) -> PyResult<BatchCall> {
    let shape = Shape::of(shape)?;
    let running = topic.get().producer().running(topic.py())?;
    let count = items.len();
    Ok(BatchCall::new(topic.clone().unbind(), running, items.unbind(), shape, count))
}

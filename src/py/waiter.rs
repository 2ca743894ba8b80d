//! Who waits for a message or a call, and how each of them is told.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::{PyTraverseError, PyVisit, intern};

use super::aio::Unsend;
use super::answer::Answer;
use super::callbacks;
use super::errors::to_python;
use super::group::Group;
use super::metadata::RecordMetadata;
use super::port::{Address, Port};
use super::voice::Voice;
use crate::error::Error;
use crate::producer::{RecordPlace, Settled, SettledBatch, Waiting, Who};

/// Someone who waits.
#[derive(Debug)]
pub(super) enum Waiter {
    /// A future of a loop, which its port completes.
    Future { future: Py<PyAny>, port: Address },
    /// A function to be called where its port is read.
    Callback { callback: Callback, port: Address },
    /// A thread that is blocked; the core itself wakes it.
    Thread(Arc<Answer>),
    /// One of many that were handed over in one call, or several in a row; the core itself fills
    /// them in.
    Member { group: Arc<Group>, index: u32 },
}

/// Who is to wait for one of the messages that were handed over in one call.
pub(super) struct Member<'a> {
    pub(super) group: &'a Arc<Group>,
    pub(super) index: u32,
}

impl Who<Waiter> for Member<'_> {
    fn is_next_of(&self, waiter: &Waiter, count: i32) -> bool {
        match waiter {
            Waiter::Member { group, index } => {
                index + count as u32 == self.index && Arc::ptr_eq(group, self.group)
            }
            _ => false,
        }
    }

    fn make(self) -> Option<Waiter> {
        Some(Waiter::Member { group: Arc::clone(self.group), index: self.index })
    }
}

/// A function to be called once, and the context of the call that named it.
#[derive(Debug)]
pub(super) struct Callback {
    pub(super) function: Py<PyAny>,
    pub(super) context: Py<PyAny>,
}

impl Waiter {
    /// Where it is told, unless the core does that by itself.
    pub(super) fn port(&self) -> Option<&Arc<Port>> {
        match self {
            Self::Future { port, .. } | Self::Callback { port, .. } => Some(port.port()),
            Self::Thread(_) | Self::Member { .. } => None,
        }
    }

    /// Whoever waits for all but the first so many of the records in a row that this waits for.
    pub(super) fn rest(&self, but: i32) -> Self {
        match self {
            Self::Member { group, index } => {
                Self::Member { group: Arc::clone(group), index: index + but as u32 }
            }
            _ => unreachable!("only a call's messages are waited for in a row"),
        }
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Future { future, .. } => visit.call(future),
            Self::Callback { callback, .. } => {
                visit.call(&callback.function)?;
                visit.call(&callback.context)
            }
            Self::Thread(_) | Self::Member { .. } => Ok(()),
        }
    }
}

/// Where the telling is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// On the loop whose futures and callbacks these are.
    Loop,
    /// Anywhere else: a loop that ended cannot complete its futures any more.
    Thread,
}

/// Tells everybody who waited for one settled batch or call, and says how many that were. If one
/// cannot be told, because a signal's handler raises meanwhile, the others still are.
pub(super) fn tell(
    py: Python<'_>,
    stage: Stage,
    voice: &Voice,
    settled: Settled<Waiter>,
) -> PyResult<usize> {
    match settled {
        Settled::Call { waiter, result } => {
            if let (Waiter::Future { future, .. }, Stage::Loop) = (&waiter, stage) {
                match result {
                    Ok(()) => set_result(future.bind(py), py.None().into_bound(py))?,
                    Err(error) => set_exception(future.bind(py), &error)?,
                }
            }
            Ok(1)
        }
        Settled::Batch(batch) => tell_batch(py, stage, voice, &batch),
    }
}

fn tell_batch(
    py: Python<'_>,
    stage: Stage,
    voice: &Voice,
    batch: &SettledBatch<Waiter>,
) -> PyResult<usize> {
    let mut failure = None;
    let topic = PyString::new(py, &batch.topic);
    for waiting in &batch.waiting {
        let told = match &batch.outcome {
            Ok(_) if stage == Stage::Thread && is_future(waiting) => Ok(()),
            Ok(stored) => metadata(&topic, batch.partition, stored.place_of(waiting))
                .and_then(|metadata| tell_stored(stage, voice, waiting, metadata)),
            Err(error) => tell_failed(py, stage, voice, waiting, error),
        };
        failure = failure.or(told.err());
    }
    failure.map_or(Ok(batch.waiting.len()), Err)
}

fn is_future(waiting: &Waiting<Waiter>) -> bool {
    matches!(waiting.waiter, Waiter::Future { .. })
}

fn metadata<'py>(
    topic: &Bound<'py, PyString>,
    partition: i32,
    place: RecordPlace,
) -> PyResult<Bound<'py, PyAny>> {
    let topic_name = topic.clone().unbind();
    let metadata = RecordMetadata::new(topic_name, partition, place.offset, place.timestamp);
    Bound::new(topic.py(), metadata).map(Bound::into_any)
}

fn tell_stored(
    stage: Stage,
    voice: &Voice,
    waiting: &Waiting<Waiter>,
    metadata: Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = metadata.py();
    match &waiting.waiter {
        Waiter::Future { future, .. } => set_result(future.bind(py), metadata),
        Waiter::Callback { callback, .. } => {
            callbacks::call(stage, voice, callback, metadata, py.None().into_bound(py))
        }
        Waiter::Thread(_) | Waiter::Member { .. } => Ok(()),
    }
}

fn tell_failed(
    py: Python<'_>,
    stage: Stage,
    voice: &Voice,
    waiting: &Waiting<Waiter>,
    error: &Error,
) -> PyResult<()> {
    match &waiting.waiter {
        Waiter::Future { future, .. } => {
            if stage == Stage::Thread || !is_claimed(py, future)? {
                voice.unclaimed(error, 1);
                return voice.report(py, stage, error, 1);
            }
            set_exception(future.bind(py), error)
        }
        Waiter::Callback { callback, .. } => {
            let exception = to_python(py, error).into_value(py).into_bound(py).into_any();
            callbacks::call(stage, voice, callback, py.None().into_bound(py), exception)
        }
        Waiter::Thread(_) | Waiter::Member { .. } => Ok(()),
    }
}

/// Whether anybody can still learn a future's result: it is not cancelled, and somebody else
/// holds it, or has a callback there.
fn is_claimed(py: Python<'_>, future: &Py<PyAny>) -> PyResult<bool> {
    #[expect(unsafe_code, reason = "PyO3 has no safe way to count references")]
    // SAFETY: the interpreter is held, and `future` is a live object.
    let holders = unsafe { pyo3::ffi::Py_REFCNT(future.as_ptr()) };
    if holders == 1 && !has_callbacks(future.bind(py))? {
        return Ok(false);
    }
    Ok(!future.bind(py).call_method0(intern!(py, "cancelled"))?.is_truthy()?)
}

/// Whether anybody but us is told when it is done. Futures that do not say are taken for such.
fn has_callbacks(future: &Bound<'_, PyAny>) -> PyResult<bool> {
    let Some(callbacks) = future.getattr_opt(intern!(future.py(), "_callbacks"))? else {
        return Ok(true);
    };
    if callbacks.is_none() {
        return Ok(false);
    }
    for callback in callbacks.try_iter()? {
        if !callback?.get_item(0)?.is_instance_of::<Unsend>() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A future that was cancelled wants no result; nobody else completes ours.
fn is_pending(future: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(!future.call_method0(intern!(future.py(), "done"))?.is_truthy()?)
}

pub(super) fn set_result(future: &Bound<'_, PyAny>, result: Bound<'_, PyAny>) -> PyResult<()> {
    if is_pending(future)? {
        future.call_method1(intern!(future.py(), "set_result"), (result,))?;
    }
    Ok(())
}

pub(super) fn set_exception(future: &Bound<'_, PyAny>, error: &Error) -> PyResult<()> {
    if is_pending(future)? {
        let exception = to_python(future.py(), error);
        future.call_method1(intern!(future.py(), "set_exception"), (exception,))?;
    }
    Ok(())
}

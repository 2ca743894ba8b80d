//! Waiters, which complete when a message or a call is settled.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::answer::Answer;
use super::group::Group;
use super::port::{Address, Port};
use crate::producer::Who;
use crate::py::base::context::Context;

#[derive(Debug)]
pub(crate) enum Waiter {
    /// A future of an event loop. The loop's port completes it.
    Future { future: Py<PyAny>, port: Address },
    /// A future that any thread may wait for. The dispatcher completes it.
    Promise { promise: Py<PyAny>, port: Address },
    /// A function, called by the reader of its port, once for each of the consecutive records that
    /// named it.
    Callback(Arc<Callback>),
    /// A blocked thread. The core wakes it.
    Thread(Arc<Answer>),
    /// One or more consecutive messages of a batch call. The core records their outcomes.
    Member { group: Arc<Group<Self>>, index: u32 },
}

/// The waiter for one message of a batch call, before it is created.
pub(crate) struct Member<'a> {
    pub(crate) group: &'a Arc<Group<Waiter>>,
    pub(crate) index: u32,
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

/// The function that a call named for its message.
#[derive(Debug)]
pub(crate) struct Callback {
    pub(crate) function: Py<PyAny>,
    /// A copy of the caller's context.
    pub(crate) context: Context,
    pub(crate) port: Address,
}

impl Waiter {
    /// The port whose reader completes the waiter; `None` if the core does that.
    pub(crate) fn port(&self) -> Option<&Arc<Port>> {
        match self {
            Self::Future { port, .. } | Self::Promise { port, .. } => Some(port.port()),
            Self::Callback(callback) => Some(callback.port.port()),
            Self::Thread(_) | Self::Member { .. } => None,
        }
    }

    /// Its index in its batch call, if it belongs to one.
    pub(crate) fn index(&self) -> Option<u32> {
        match self {
            Self::Member { index, .. } => Some(*index),
            _ => None,
        }
    }

    /// Returns the waiter for the records after the first `but` of those that this one waits for.
    pub(crate) fn rest(&self, but: i32) -> Self {
        match self {
            Self::Member { group, index } => {
                Self::Member { group: Arc::clone(group), index: index + but as u32 }
            }
            Self::Callback(callback) => Self::Callback(Arc::clone(callback)),
            Self::Future { .. } | Self::Promise { .. } | Self::Thread(_) => {
                unreachable!("these wait for one record")
            }
        }
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Future { future, .. } => visit.call(future),
            // These are called even if their loop is gone, so the collector must not see them: it
            // would clear a context or function before the call, which crashes the interpreter.
            Self::Promise { .. } | Self::Callback(_) | Self::Thread(_) | Self::Member { .. } => {
                Ok(())
            }
        }
    }
}

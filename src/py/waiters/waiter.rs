//! Who waits for a message or a call.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::answer::Answer;
use super::group::Group;
use super::port::{Address, Port};
use crate::producer::Who;
use crate::py::base::context::Context;

/// Someone who waits.
#[derive(Debug)]
pub(crate) enum Waiter {
    /// A future of a loop, which its port completes.
    Future { future: Py<PyAny>, port: Address },
    /// A future that any thread may wait for, which the dispatcher completes.
    Promise { promise: Py<PyAny>, port: Address },
    /// A function to be called where its port is read, once for each of the records in a row that
    /// it was given with.
    Callback(Arc<Callback>),
    /// A thread that is blocked; the core itself wakes it.
    Thread(Arc<Answer>),
    /// One of many that were handed over in one call, or several in a row; the core itself fills
    /// them in.
    Member { group: Arc<Group<Self>>, index: u32 },
}

/// Who is to wait for one of the messages that were handed over in one call.
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

/// A function that was given with a record.
#[derive(Debug)]
pub(crate) struct Callback {
    pub(crate) function: Py<PyAny>,
    /// What it is to find.
    pub(crate) context: Context,
    pub(crate) port: Address,
}

impl Waiter {
    /// Where it is told, unless the core does that by itself.
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

    /// Whoever waits for all but the first so many of the records in a row that this waits for.
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
            // The collector is not shown what is called though its loop is gone: it would empty it
            // first, and a context or a function that is empty takes the process with it.
            Self::Promise { .. } | Self::Callback(_) | Self::Thread(_) | Self::Member { .. } => {
                Ok(())
            }
        }
    }
}

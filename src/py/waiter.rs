//! Who waits for a message or a call.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::answer::Answer;
use super::group::Group;
use super::port::{Address, Port};
use crate::producer::Who;

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

/// A function to be called once, and the context to do it in.
#[derive(Debug)]
pub(super) struct Callback {
    pub(super) function: Py<PyAny>,
    pub(super) context: Py<PyAny>,
}

impl Callback {
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.function)?;
        visit.call(&self.context)
    }
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
            Self::Callback { callback, .. } => callback.traverse(visit),
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

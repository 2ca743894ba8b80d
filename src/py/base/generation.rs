//! Which process an object belongs to. A forked child has the parent's memory, but none of its
//! core threads, which may have held their locks at the fork. So each object that shares state with
//! the core remembers the [`Generation`] it was made in, and refuses to work in another.

use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// Number of forks between this process and the one that imported the module.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// A process, among those that fork from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation(u64);

impl Generation {
    /// The process that imported the module.
    pub(crate) const FIRST: Self = Self(0);

    pub(crate) fn current() -> Self {
        Self(FORKS.load(Ordering::Relaxed))
    }

    pub(crate) fn is_current(self) -> bool {
        self == Self::current()
    }

    /// Fails if the process has forked since, for example in the user's code during a call: the
    /// call's state belongs to the parent.
    pub(crate) fn check(self) -> PyResult<()> {
        if self.is_current() {
            return Ok(());
        }
        Err(PyRuntimeError::new_err(
            "the call was begun before the process was forked, and goes on in the parent alone; \
             make another one here",
        ))
    }
}

/// Begins a generation. Called in a forked child, within the fork.
pub(crate) fn begin_child() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

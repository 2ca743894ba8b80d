//! Whether the interpreter has begun to end.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

static HAS_BEGUN: AtomicBool = AtomicBool::new(false);

/// Marks the end. Nothing new is started afterwards.
pub(crate) fn begin() {
    HAS_BEGUN.store(true, Ordering::Relaxed);
}

pub(crate) fn has_begun() -> bool {
    HAS_BEGUN.load(Ordering::Relaxed)
}

/// Fails once the interpreter ends: nothing would deliver what is produced then.
pub(crate) fn check_not_begun() -> PyResult<()> {
    if has_begun() {
        return Err(PyRuntimeError::new_err(
            "the interpreter is ending, and what is produced now would be lost; produce before \
             that, or register with atexit after importing dekaf",
        ));
    }
    Ok(())
}

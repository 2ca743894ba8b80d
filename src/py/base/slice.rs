//! The time that work may take at once while it holds the interpreter.

use std::time::Duration;

/// Maximum duration of one slice of a long call.
pub(crate) const SLICE: Duration = Duration::from_micros(500);

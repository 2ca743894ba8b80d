//! The shutdown of a producer, by a close or by a fatal error.

use std::time::Instant;

use crate::error::Error;

#[derive(Debug)]
pub(super) struct Shutdown<W> {
    /// The deadline for accepted records, once it is closed.
    by: Option<Instant>,
    /// The calls that wait for the end.
    waiters: Vec<W>,
    failure: Option<Error>,
    is_over: bool,
}

impl<W> Default for Shutdown<W> {
    fn default() -> Self {
        Self { by: None, waiters: Vec::new(), failure: None, is_over: false }
    }
}

impl<W> Shutdown<W> {
    /// Returns whether it accepts nothing more.
    pub(super) fn has_begun(&self) -> bool {
        self.is_closing() || self.failure.is_some()
    }

    pub(super) fn is_closing(&self) -> bool {
        self.by.is_some()
    }

    pub(super) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Returns whether nothing is left to do.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Closes it by a deadline. An earlier deadline stays.
    pub(super) fn close(&mut self, by: Instant, waiter: Option<W>) {
        self.by = Some(self.by.map_or(by, |earlier| earlier.min(by)));
        self.waiters.extend(waiter);
    }

    pub(super) fn fail(&mut self, error: Error) {
        self.failure = Some(error);
    }

    /// Returns the deadline at which it ends although something is left to do.
    pub(super) fn next_event(&self) -> Option<Instant> {
        self.by.filter(|_| !self.is_over)
    }

    /// Marks the end. Returns the calls that wait for it.
    pub(super) fn finish(&mut self) -> Vec<W> {
        self.is_over = true;
        std::mem::take(&mut self.waiters)
    }
}

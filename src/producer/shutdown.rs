//! The shutdown of a producer: it was closed, or a fatal error ended it.

use std::time::Instant;

use crate::error::Error;

#[derive(Debug)]
pub(super) struct Shutdown<W> {
    /// Once it is closed: until when what was taken in may go on.
    by: Option<Instant>,
    /// The calls that wait for the end.
    waiters: Vec<W>,
    /// Why it takes nothing more.
    failure: Option<Error>,
    is_over: bool,
}

impl<W> Default for Shutdown<W> {
    fn default() -> Self {
        Self { by: None, waiters: Vec::new(), failure: None, is_over: false }
    }
}

impl<W> Shutdown<W> {
    /// Whether it takes nothing more.
    pub(super) fn has_begun(&self) -> bool {
        self.is_closing() || self.failure.is_some()
    }

    /// Whether it was closed.
    pub(super) fn is_closing(&self) -> bool {
        self.by.is_some()
    }

    /// Why it takes nothing more, if it has failed.
    pub(super) fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Whether nothing is left to do.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Closes it by then, or earlier if that was said before.
    pub(super) fn close(&mut self, by: Instant, waiter: Option<W>) {
        self.by = Some(self.by.map_or(by, |earlier| earlier.min(by)));
        self.waiters.extend(waiter);
    }

    /// It has failed for good.
    pub(super) fn fail(&mut self, error: Error) {
        self.failure = Some(error);
    }

    /// When it is to end although there is something left to do.
    pub(super) fn next_event(&self) -> Option<Instant> {
        self.by.filter(|_| !self.is_over)
    }

    /// It is over. Returns the calls that wait for that.
    pub(super) fn finish(&mut self) -> Vec<W> {
        self.is_over = true;
        std::mem::take(&mut self.waiters)
    }
}

//! Failures that no caller and no callback receives. `flush` and `close` raise them, metrics count
//! them, and the log has a line about them from time to time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind};

/// Number of errors that are kept until the next flush. More are only counted.
const MAX_KEPT: usize = 100;

/// Minimum time between two lines in the log.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// The unclaimed failures of one producer.
#[derive(Debug, Default)]
pub struct Unclaimed(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Since the last flush.
    unreported: u64,
    /// Those of them that did not fail because the producer was closed.
    unreported_failures: u64,
    first: Vec<Error>,
    total: u64,
    /// Since the last line in the log.
    unlogged: u64,
    logged_at: Option<Instant>,
}

impl Unclaimed {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds `count` failures with the same error. Purged messages do not count: their caller asked
    /// for it.
    pub fn add(&self, error: &Error, count: usize) {
        if error.kind() == ErrorKind::Purged {
            return;
        }
        let mut state = self.state();
        state.unreported += count as u64;
        if error.kind() != ErrorKind::Closed {
            state.unreported_failures += count as u64;
        }
        state.total += count as u64;
        state.unlogged += count as u64;
        let room = MAX_KEPT.saturating_sub(state.first.len());
        state.first.extend(std::iter::repeat_n(error.clone(), count.min(room)));
    }

    /// Takes the failures since the last flush: their number, and the first of them.
    pub fn take(&self) -> (u64, Vec<Error>) {
        let mut state = self.state();
        state.unreported_failures = 0;
        (std::mem::take(&mut state.unreported), std::mem::take(&mut state.first))
    }

    /// Number of failures since the producer was created.
    pub fn total(&self) -> u64 {
        self.state().total
    }

    /// Number of failures since the last flush, without those of messages that were given up when
    /// the producer was closed: the client counts these as abandoned.
    pub fn unreported_failures(&self) -> u64 {
        self.state().unreported_failures
    }

    /// The text of the first failure since the last flush.
    pub fn first_unreported(&self) -> Option<String> {
        self.state().first.first().map(ToString::to_string)
    }

    /// Returns the number of failures for a line in the log, if one is due.
    pub fn take_line(&self, now: Instant) -> Option<u64> {
        let mut state = self.state();
        let is_due =
            state.logged_at.is_none_or(|at| now.saturating_duration_since(at) >= BETWEEN_LINES);
        if !is_due || state.unlogged == 0 {
            return None;
        }
        state.logged_at = Some(now);
        Some(std::mem::take(&mut state.unlogged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: ErrorKind) -> Error {
        Error::new(kind, "it failed")
    }

    #[test]
    fn failures_are_counted_until_they_are_taken() {
        let unclaimed = Unclaimed::default();
        unclaimed.add(&failure(ErrorKind::DeliveryTimeout), 2);
        unclaimed.add(&failure(ErrorKind::Closed), 3);
        unclaimed.add(&failure(ErrorKind::Purged), 5);
        assert_eq!((unclaimed.total(), unclaimed.unreported_failures()), (5, 2));
        let (count, first) = unclaimed.take();
        assert_eq!((count, first.len()), (5, 5));
        assert_eq!((unclaimed.total(), unclaimed.unreported_failures()), (5, 0));
        assert_eq!(unclaimed.take().0, 0);
    }

    #[test]
    fn many_failures_keep_a_bounded_number_of_errors() {
        let unclaimed = Unclaimed::default();
        unclaimed.add(&failure(ErrorKind::DeliveryTimeout), MAX_KEPT - 1);
        unclaimed.add(&failure(ErrorKind::DeliveryTimeout), MAX_KEPT);
        let (count, first) = unclaimed.take();
        assert_eq!((count, first.len()), (2 * MAX_KEPT as u64 - 1, MAX_KEPT));
    }

    #[test]
    fn the_log_has_one_line_per_interval() {
        let (unclaimed, now) = (Unclaimed::default(), Instant::now());
        let fail = || unclaimed.add(&failure(ErrorKind::DeliveryTimeout), 1);
        assert_eq!(unclaimed.take_line(now), None, "nothing failed");
        fail();
        assert_eq!(unclaimed.take_line(now), Some(1));
        fail();
        fail();
        assert_eq!(unclaimed.take_line(now + BETWEEN_LINES / 2), None);
        assert_eq!(unclaimed.take_line(now + BETWEEN_LINES), Some(2));
        assert_eq!(unclaimed.take_line(now + 3 * BETWEEN_LINES), None, "nothing failed since");
    }
}

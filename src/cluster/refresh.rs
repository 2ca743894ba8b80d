//! The schedule of a recurring request, such as for metadata: one at a time, with pauses after
//! failures. Keeps the error of the last attempt.

use std::time::{Duration, Instant};

use super::backoff::Backoff;
use crate::error::Error;
use crate::random::Random;

#[derive(Debug)]
pub(crate) struct Refresh {
    /// How long an answer is valid; `None` is for ever.
    max_age: Option<Duration>,
    backoff: Backoff,
    wanted: bool,
    under_way: bool,
    not_before: Option<Instant>,
    /// Consecutive attempts without an answer, or without a complete one.
    failures: u32,
    /// When the last answer becomes too old.
    stale_at: Option<Instant>,
    last_failure: Option<Error>,
}

impl Refresh {
    pub(crate) fn new(max_age: Option<Duration>, backoff: Backoff) -> Self {
        Self {
            max_age,
            backoff,
            wanted: false,
            under_way: false,
            not_before: None,
            failures: 0,
            stale_at: None,
            last_failure: None,
        }
    }

    /// Requests a refresh: the information seems outdated.
    pub(crate) fn want(&mut self) {
        self.wanted = true;
    }

    /// Requests a refresh for something new. An answer to an earlier request does not satisfy it.
    pub(crate) fn want_news(&mut self) {
        self.wanted = true;
        if self.failures == 0 {
            self.not_before = None;
        }
    }

    /// Processes the answer to a part of the request. The next part follows immediately.
    pub(crate) fn answered_in_part(&mut self) {
        self.under_way = false;
        self.last_failure = None;
        self.wanted = true;
        self.not_before = None;
    }

    /// Whether the last answer is too old.
    pub(crate) fn is_stale(&self, now: Instant) -> bool {
        self.stale_at.is_some_and(|at| at <= now)
    }

    /// Returns whether a request is due, and marks it as in flight.
    pub(crate) fn poll(&mut self, now: Instant) -> bool {
        self.wanted |= self.is_stale(now);
        if !self.wanted || self.under_way || self.not_before.is_some_and(|at| at > now) {
            return false;
        }
        self.wanted = false;
        self.under_way = true;
        true
    }

    /// When to call `poll` again.
    pub(crate) fn next_event(&self) -> Option<Instant> {
        if self.under_way {
            None
        } else if self.wanted {
            self.not_before
        } else {
            self.stale_at.max(self.stale_at.and(self.not_before))
        }
    }

    /// Marks everything as refreshed.
    pub(crate) fn renewed(&mut self, now: Instant) {
        self.stale_at = self.max_age.map(|age| now + age);
    }

    /// Whether everything was ever refreshed.
    pub(crate) fn was_renewed(&self) -> bool {
        self.stale_at.is_some()
    }

    /// Processes an answer. `complete` means that nothing in it requires another request soon.
    pub(crate) fn succeeded(&mut self, now: Instant, complete: bool, random: &mut Random) {
        self.under_way = false;
        self.last_failure = None;
        if complete {
            self.failures = 0;
            // Errors that require a refresh come in bursts. One answer serves all of them.
            self.not_before = Some(now + self.backoff.initial);
        } else {
            self.wanted = true;
            self.pause(now, self.backoff, random);
        }
    }

    /// Schedules another attempt after a pause of `backoff`, if it is still `needed`.
    pub(crate) fn failed(
        &mut self,
        now: Instant,
        error: Error,
        needed: bool,
        backoff: Backoff,
        random: &mut Random,
    ) {
        self.under_way = false;
        self.wanted = needed;
        self.last_failure = Some(error);
        self.pause(now, backoff, random);
    }

    /// The error of the last attempt, if it failed.
    pub(crate) fn last_failure(&self) -> Option<&Error> {
        self.last_failure.as_ref()
    }

    fn pause(&mut self, now: Instant, backoff: Backoff, random: &mut Random) {
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now + backoff.after(self.failures, random));
    }
}

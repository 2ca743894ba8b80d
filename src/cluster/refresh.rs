//! When the cluster is to be asked for something, such as its metadata: once at a time, with
//! pauses after failures, and remembering why the last attempt failed.

use std::time::{Duration, Instant};

use super::backoff::Backoff;
use crate::error::Error;
use crate::random::Random;

#[derive(Debug)]
pub(crate) struct Refresh {
    /// How long an answer is good for; `None` is for ever.
    max_age: Option<Duration>,
    backoff: Backoff,
    wanted: bool,
    under_way: bool,
    not_before: Option<Instant>,
    /// Attempts in a row that brought no answer, or not the one that was hoped for.
    failures: u32,
    /// When the last answer is too old.
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

    /// Something looks out of date.
    pub(crate) fn want(&mut self) {
        self.wanted = true;
    }

    /// Something new is asked about: no earlier answer makes this one unnecessary.
    pub(crate) fn want_news(&mut self) {
        self.wanted = true;
        if self.failures == 0 {
            self.not_before = None;
        }
    }

    /// The answer that came was to a part of what is asked about: the next part follows at once.
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

    /// Returns whether a question is due, and marks it as under way.
    pub(crate) fn poll(&mut self, now: Instant) -> bool {
        self.wanted |= self.is_stale(now);
        if !self.wanted || self.under_way || self.not_before.is_some_and(|at| at > now) {
            return false;
        }
        self.wanted = false;
        self.under_way = true;
        true
    }

    /// When `poll` is worth another call.
    pub(crate) fn next_event(&self) -> Option<Instant> {
        if self.under_way {
            None
        } else if self.wanted {
            self.not_before
        } else {
            self.stale_at.max(self.stale_at.and(self.not_before))
        }
    }

    /// All that the answers are about is new.
    pub(crate) fn renewed(&mut self, now: Instant) {
        self.stale_at = self.max_age.map(|age| now + age);
    }

    /// Whether an answer was ever new.
    pub(crate) fn was_renewed(&self) -> bool {
        self.stale_at.is_some()
    }

    /// An answer came; `complete` if nothing in it calls for another soon.
    pub(crate) fn succeeded(&mut self, now: Instant, complete: bool, random: &mut Random) {
        self.under_way = false;
        self.last_failure = None;
        if complete {
            self.failures = 0;
            // Errors that ask for news come in swarms; one answer serves them all.
            self.not_before = Some(now + self.backoff.initial);
        } else {
            self.wanted = true;
            self.pause(now, self.backoff, random);
        }
    }

    /// No answer came; asks again only while it is `needed`, after a pause of `backoff`.
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

    /// Why the last attempt brought no answer.
    pub(crate) fn last_failure(&self) -> Option<&Error> {
        self.last_failure.as_ref()
    }

    fn pause(&mut self, now: Instant, backoff: Backoff, random: &mut Random) {
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now + backoff.after(self.failures, random));
    }
}

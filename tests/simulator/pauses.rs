//! The frequency of metadata requests. The machine pauses after each answer, unless the caller has
//! used something new since, or the topics need several pages.

use std::time::Duration;

use super::rules::Rule;
use super::run::Run;

/// Minimum pause after an answer, as a fraction of `retry_backoff`.
const PAUSE: f64 = 0.79;

#[derive(Debug, Default)]
pub(super) struct Pauses {
    /// When the machine received the last answer, and the caller's actions up to then.
    answered: Option<(Duration, Doings)>,
    /// The number of calls that asked for metadata.
    pub(super) calls: u64,
    /// The number of consecutive metadata requests without a pause.
    prompt: usize,
}

/// Actions of the caller that justify an immediate metadata request.
#[derive(Debug, PartialEq, Eq)]
struct Doings {
    handed_over: u64,
    /// A record that leaves the memory queue may be the first of its topic.
    waiting_for_memory: usize,
    calls: u64,
}

impl Run<'_> {
    fn doings(&self) -> Doings {
        Doings {
            handed_over: self.handed_over,
            waiting_for_memory: self.machine.waiting_for_memory(),
            calls: self.pauses.calls,
        }
    }

    /// Called when the machine has received metadata, or an error instead.
    pub(super) fn begin_pause(&mut self) {
        self.pauses.answered = Some((self.now, self.doings()));
    }

    /// Called when the machine requests metadata.
    pub(super) fn check_pause(&mut self) {
        let config = &self.scenario.config;
        let pause = config.retry_backoff.mul_f64(PAUSE);
        let is_prompt =
            |(at, doings): &(Duration, Doings)| self.now < *at + pause && *doings == self.doings();
        if !self.pauses.answered.as_ref().is_some_and(is_prompt) {
            self.pauses.prompt = 0;
            return;
        }
        let topics = self.scenario.topics.len();
        let pages = if topics > config.metadata_page {
            // Topics with records alternate with all others in half of each page.
            4 * topics.div_ceil(config.metadata_page)
        } else {
            0
        };
        self.pauses.prompt += 1;
        if self.pauses.prompt > pages {
            let prompt = self.pauses.prompt;
            let what = format!("{prompt} questions in a row came without a pause");
            self.ledger.violation(Rule::Pause, &what);
        }
    }
}

//! How often the machine asks about the cluster: it pauses after each answer, unless the caller has
//! named something new since, or the question is one of several pages.

use std::time::Duration;

use super::rules::Rule;
use super::run::Run;

/// The pause after an answer is this part of `retry_backoff`, or longer.
const PAUSE: f64 = 0.79;

#[derive(Debug, Default)]
pub(super) struct Pauses {
    /// When the machine took in the last answer, and what the caller had done before.
    answered: Option<(Duration, Doings)>,
    /// How many calls have asked about the cluster.
    pub(super) calls: u64,
    /// How many questions came without a pause, one after another.
    prompt: usize,
}

/// What the caller has done that calls for a question at once.
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

    /// The machine has taken in an answer about the cluster, or that none came.
    pub(super) fn begin_pause(&mut self) {
        self.pauses.answered = Some((self.now, self.doings()));
    }

    /// The machine asks about the cluster.
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
            // Topics with records are in turn with all others, in a half of each page.
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

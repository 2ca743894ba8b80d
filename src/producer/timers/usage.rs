//! Finds topics that have not been used for long. Each is checked now and then, so that handing
//! over a record costs nothing for it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Number of checks of a topic within the time after which it is unused.
const CHECKS: u32 = 4;

/// Maximum number of topics checked in one turn.
const MAX_CHECKS_PER_TURN: usize = 1_000;

#[derive(Debug)]
pub(super) struct Usage {
    max_idle: Duration,
    /// Topics that are new since the last check.
    new: Vec<usize>,
    /// Ordered by time.
    checks: VecDeque<Check>,
}

/// The next check of a topic. It was used `uses` times when it was last found in use, at `since`.
#[derive(Debug)]
struct Check {
    at: Instant,
    topic: usize,
    uses: u64,
    since: Instant,
}

impl Usage {
    pub(super) fn new(max_idle: Duration) -> Self {
        Self { max_idle, new: Vec::new(), checks: VecDeque::new() }
    }

    pub(super) fn add(&mut self, topic: usize) {
        self.new.push(topic);
    }

    pub(super) fn next_event(&self) -> Option<Instant> {
        self.checks.front().map(|check| check.at)
    }

    /// Removes and returns topics that were not used for long. `uses` returns how often a topic was
    /// used so far.
    pub(super) fn take_unused(&mut self, now: Instant, uses: impl Fn(usize) -> u64) -> Vec<usize> {
        if self.new.is_empty() && self.next_event().is_none_or(|at| at > now) {
            return Vec::new();
        }
        let at = now + self.max_idle / CHECKS;
        for topic in std::mem::take(&mut self.new) {
            self.checks.push_back(Check { at, topic, uses: uses(topic), since: now });
        }
        let mut unused = Vec::new();
        for _ in 0..MAX_CHECKS_PER_TURN {
            if self.checks.front().is_none_or(|check| check.at > now) {
                break;
            }
            let Some(check) = self.checks.pop_front() else { break };
            let topic = check.topic;
            let so_far = uses(topic);
            if so_far != check.uses {
                self.checks.push_back(Check { at, topic, uses: so_far, since: now });
            } else if check.since + self.max_idle > now {
                self.checks.push_back(Check { at, ..check });
            } else {
                unused.push(topic);
            }
        }
        unused
    }
}

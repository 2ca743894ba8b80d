//! Finds topics that have not been used for long. Each is checked now and then, so that handing
//! over a record costs nothing for it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Number of checks of a topic within the time after which it is unused.
const LOOKS: u32 = 4;

/// Maximum number of topics checked in one turn.
const LOOKED_AT_ONCE: usize = 1_000;

#[derive(Debug)]
pub(super) struct Usage {
    max_idle: Duration,
    /// Topics that are new since the last check.
    new: Vec<usize>,
    /// Ordered by time.
    looks: VecDeque<Look>,
}

/// The next check of a topic. It was used `uses` times when it was last found in use, at `since`.
#[derive(Debug)]
struct Look {
    at: Instant,
    topic: usize,
    uses: u64,
    since: Instant,
}

impl Usage {
    pub(super) fn new(max_idle: Duration) -> Self {
        Self { max_idle, new: Vec::new(), looks: VecDeque::new() }
    }

    pub(super) fn add(&mut self, topic: usize) {
        self.new.push(topic);
    }

    pub(super) fn next_event(&self) -> Option<Instant> {
        self.looks.front().map(|look| look.at)
    }

    /// Removes and returns topics that were not used for long. `uses` returns how often a topic was
    /// used so far.
    pub(super) fn take_unused(&mut self, now: Instant, uses: impl Fn(usize) -> u64) -> Vec<usize> {
        if self.new.is_empty() && self.next_event().is_none_or(|at| at > now) {
            return Vec::new();
        }
        let at = now + self.max_idle / LOOKS;
        for topic in std::mem::take(&mut self.new) {
            self.looks.push_back(Look { at, topic, uses: uses(topic), since: now });
        }
        let mut unused = Vec::new();
        for _ in 0..LOOKED_AT_ONCE {
            if self.looks.front().is_none_or(|look| look.at > now) {
                break;
            }
            let Some(look) = self.looks.pop_front() else { break };
            let topic = look.topic;
            let so_far = uses(topic);
            if so_far != look.uses {
                self.looks.push_back(Look { at, topic, uses: so_far, since: now });
            } else if look.since + self.max_idle > now {
                self.looks.push_back(Look { at, ..look });
            } else {
                unused.push(topic);
            }
        }
        unused
    }
}

//! Times at which a partition or topic is checked although no event has concerned it.

mod usage;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use self::usage::Usage;
use crate::cluster::Place;

#[derive(Debug)]
pub(super) struct Timers {
    /// Partitions by time, each at most once.
    by_time: BTreeSet<(Instant, Place)>,
    usage: Usage,
}

impl Timers {
    pub(super) fn new(max_idle: Duration) -> Self {
        Self { by_time: BTreeSet::new(), usage: Usage::new(max_idle) }
    }

    /// Returns the time of the first partition or topic.
    #[inline]
    pub(super) fn next_event(&self) -> Option<Instant> {
        let partitions = self.by_time.first().map(|(at, _)| *at);
        partitions.into_iter().chain(self.usage.next_event()).min()
    }

    /// Checks a topic from now on for whether it is used.
    pub(super) fn watch(&mut self, topic: usize) {
        self.usage.add(topic);
    }

    /// Removes and returns topics that were unused for long. `uses` returns how often a topic was
    /// used so far.
    pub(super) fn take_unused(&mut self, now: Instant, uses: impl Fn(usize) -> u64) -> Vec<usize> {
        self.usage.take_unused(now, uses)
    }

    #[inline]
    pub(super) fn due(&self, now: Instant) -> Option<Place> {
        self.by_time.first().filter(|(at, _)| *at <= now).map(|(_, place)| *place)
    }

    /// Sets the time of a partition. `armed` is the partition's copy of that time.
    #[inline]
    pub(super) fn arm(&mut self, place: Place, armed: &mut Option<Instant>, at: Option<Instant>) {
        let before = std::mem::replace(armed, at);
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.by_time.remove(&(before, place));
        }
        if let Some(at) = at {
            self.by_time.insert((at, place));
        }
    }
}

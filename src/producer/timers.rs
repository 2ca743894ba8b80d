//! When to look at which partition again, although nothing has happened to it.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::cluster::Place;

/// Partitions by that time, each at most once.
#[derive(Debug, Default)]
pub(super) struct Timers {
    by_time: BTreeSet<(Instant, Place)>,
}

impl Timers {
    /// When the first partition is due.
    #[inline]
    pub(super) fn next_event(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// A partition that is due.
    #[inline]
    pub(super) fn due(&self, now: Instant) -> Option<Place> {
        self.by_time.first().filter(|(at, _)| *at <= now).map(|(_, place)| *place)
    }

    /// Sets the time of a partition, for which `armed` remembers it.
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

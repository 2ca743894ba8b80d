//! Where callers sleep who wait for memory, or for the machine to move at all. The driver calls
//! out after each of his turns; who hears it looks for himself what has changed.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A turn that was called out. Whoever has read it before he looked at the machine misses none
/// that changes what he saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Call(u64);

#[derive(Debug, Default)]
pub(super) struct Room {
    turns: Mutex<Turns>,
    called: Condvar,
}

#[derive(Debug, Default)]
struct Turns {
    count: u64,
    /// How many sleep. Mostly nobody does, and to call out costs as much as a short turn.
    sleepers: usize,
}

impl Room {
    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes everybody.
    pub(super) fn call(&self) {
        let mut turns = self.turns();
        turns.count += 1;
        let is_heard = turns.sleepers > 0;
        drop(turns);
        if is_heard {
            self.called.notify_all();
        }
    }

    pub(super) fn last_call(&self) -> Call {
        Call(self.turns().count)
    }

    /// Sleeps until there was a call after `seen`, at most for `limit`.
    pub(super) fn sleep(&self, seen: Call, limit: Duration) {
        let mut turns = self.turns();
        turns.sleepers += 1;
        let is_old = |turns: &mut Turns| turns.count == seen.0;
        let woken = self.called.wait_timeout_while(turns, limit, is_old);
        woken.unwrap_or_else(PoisonError::into_inner).0.sleepers -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;
    use std::time::Instant;

    use super::*;

    /// Far beyond what a wake-up takes: a thread that sleeps this long was not woken.
    const LONG: Duration = Duration::from_secs(60);

    fn time(work: impl FnOnce()) -> Duration {
        let before = Instant::now();
        work();
        before.elapsed()
    }

    #[test]
    fn a_call_wakes_who_sleeps() {
        let room = Arc::new(Room::default());
        let seen = room.last_call();
        let sleeper = {
            let room = Arc::clone(&room);
            thread::spawn(move || time(|| room.sleep(seen, LONG)))
        };
        while room.turns().sleepers == 0 {
            thread::yield_now();
        }
        room.call();
        assert!(sleeper.join().unwrap() < LONG);
    }

    #[test]
    fn who_missed_a_call_does_not_sleep() {
        let room = Room::default();
        let seen = room.last_call();
        room.call();
        assert!(time(|| room.sleep(seen, LONG)) < LONG);
    }

    #[test]
    fn nobody_sleeps_for_longer_than_he_wants() {
        let room = Room::default();
        let seen = room.last_call();
        let limit = Duration::from_millis(1);
        assert!(time(|| room.sleep(seen, limit)) >= limit);
    }
}

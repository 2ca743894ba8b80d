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
    turns: Mutex<u64>,
    called: Condvar,
}

impl Room {
    fn turns(&self) -> MutexGuard<'_, u64> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes everybody.
    pub(super) fn call(&self) {
        *self.turns() += 1;
        self.called.notify_all();
    }

    pub(super) fn last_call(&self) -> Call {
        Call(*self.turns())
    }

    /// Sleeps until there was a call after `seen`, at most for `limit`.
    pub(super) fn sleep(&self, seen: Call, limit: Duration) {
        let turns = self.turns();
        let asleep = self.called.wait_timeout_while(turns, limit, |turns| *turns == seen.0);
        drop(asleep);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_call_wakes_who_sleeps() {
        let room = Arc::new(Room::default());
        let seen = room.last_call();
        let sleeper = {
            let room = Arc::clone(&room);
            thread::spawn(move || room.sleep(seen, LONG))
        };
        room.call();
        sleeper.join().unwrap();
    }

    #[test]
    fn who_missed_a_call_does_not_sleep() {
        let room = Room::default();
        let seen = room.last_call();
        room.call();
        room.sleep(seen, LONG);
    }

    #[test]
    fn nobody_sleeps_for_longer_than_he_wants() {
        let room = Room::default();
        let before = Instant::now();
        room.sleep(room.last_call(), Duration::from_millis(1));
        assert!(before.elapsed() >= Duration::from_millis(1));
    }
}

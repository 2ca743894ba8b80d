//! Wakes callers that block until the machine has room for their records. The driver notifies them
//! after each turn; a woken caller checks the machine again.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The number of turns so far. A caller that reads it before it checks the machine misses no turn
/// that changes what it saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TurnCount(u64);

#[derive(Debug, Default)]
pub(super) struct TurnSignal {
    sleeping: Mutex<Sleeping>,
    notified: Condvar,
}

#[derive(Debug, Default)]
struct Sleeping {
    turns: u64,
    /// Number of sleeping callers. It is mostly 0, and a notification costs as much as a short
    /// turn.
    callers: usize,
}

impl TurnSignal {
    fn sleeping(&self) -> MutexGuard<'_, Sleeping> {
        self.sleeping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a turn, and wakes every caller.
    pub(super) fn notify(&self) {
        let mut sleeping = self.sleeping();
        sleeping.turns += 1;
        let is_awaited = sleeping.callers > 0;
        drop(sleeping);
        if is_awaited {
            self.notified.notify_all();
        }
    }

    pub(super) fn turns(&self) -> TurnCount {
        TurnCount(self.sleeping().turns)
    }

    /// Sleeps until there are more turns than `seen`, for at most `limit`.
    pub(super) fn sleep(&self, seen: TurnCount, limit: Duration) {
        let mut sleeping = self.sleeping();
        sleeping.callers += 1;
        let is_old = |sleeping: &mut Sleeping| sleeping.turns == seen.0;
        let woken = self.notified.wait_timeout_while(sleeping, limit, is_old);
        woken.unwrap_or_else(PoisonError::into_inner).0.callers -= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::thread;
    use std::time::Instant;

    use super::*;

    /// A limit that no test reaches: only a notification ends such a sleep.
    const FOREVER: Duration = Duration::MAX;

    /// Maximum time that a test waits for a caller to wake up, which takes far less.
    const BOUND: Duration = Duration::from_secs(20);

    /// Sleeps on a new thread, which reports its wake-up.
    fn sleep(signal: &Arc<TurnSignal>, seen: TurnCount) -> mpsc::Receiver<()> {
        let (woken, wakes) = mpsc::channel();
        let signal = Arc::clone(signal);
        thread::spawn(move || {
            signal.sleep(seen, FOREVER);
            // The receiver is dropped if the test has failed.
            let _reported = woken.send(());
        });
        wakes
    }

    #[test]
    fn a_turn_wakes_a_sleeping_caller() {
        let signal = Arc::new(TurnSignal::default());
        let wakes = sleep(&signal, signal.turns());
        // The caller holds the lock from counting itself until it sleeps.
        while signal.sleeping().callers == 0 {
            thread::yield_now();
        }
        signal.notify();
        assert_eq!(wakes.recv_timeout(BOUND), Ok(()));
        assert_eq!(signal.sleeping().callers, 0);
    }

    #[test]
    fn a_caller_that_has_missed_a_turn_does_not_sleep() {
        let signal = Arc::new(TurnSignal::default());
        let seen = signal.turns();
        signal.notify();
        assert_eq!(sleep(&signal, seen).recv_timeout(BOUND), Ok(()));
    }

    #[test]
    fn a_sleep_ends_at_its_limit() {
        let signal = TurnSignal::default();
        let (limit, start) = (Duration::from_millis(1), Instant::now());
        signal.sleep(signal.turns(), limit);
        assert!(start.elapsed() >= limit);
    }
}

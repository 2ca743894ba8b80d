//! Synchronization primitives for loom.

pub(crate) use std::sync::PoisonError;

pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};

/// Tokio's `Notify`, as documented, for one waiting task: `notify_one` wakes it up, or stores the
/// single permit for the next wait. A wait that is canceled for another reason keeps the permit; in
/// this model such a wait never begins.
#[derive(Debug)]
pub(crate) struct Notify {
    permit: Mutex<bool>,
    left: Condvar,
}

impl Notify {
    pub(crate) fn new() -> Self {
        Self { permit: Mutex::new(false), left: Condvar::new() }
    }

    pub(crate) fn notify_one(&self) {
        *self.permit.lock().expect("nobody panicked") = true;
        self.left.notify_one();
    }

    /// Blocks in its first poll, because the driver's thread has nothing else to do.
    #[expect(clippy::unused_async, reason = "Tokio's `notified` is async")]
    pub(crate) async fn notified(&self) {
        let mut permit = self.permit.lock().expect("nobody panicked");
        while !*permit {
            permit = self.left.wait(permit).expect("nobody panicked");
        }
        *permit = false;
    }
}

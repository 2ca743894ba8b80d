//! What threads meet at, as loom knows it.

pub(crate) use std::sync::PoisonError;

pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};

/// Tokio's `Notify`, as its documentation describes it for one sleeper: `notify_one` wakes who
/// sleeps, or leaves the one permit that there can be for who sleeps next. A sleep that is given
/// up for another reason leaves the permit where it is; here, it is a sleep that never began.
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

    /// Sleeps in its first poll: there is nothing else to do on the driver's thread.
    #[expect(clippy::unused_async, reason = "it stands for one that is")]
    pub(crate) async fn notified(&self) {
        let mut permit = self.permit.lock().expect("nobody panicked");
        while !*permit {
            permit = self.left.wait(permit).expect("nobody panicked");
        }
        *permit = false;
    }
}

//! Whether the messages that one turn of an event loop produces leave one by one or together.
//!
//! Without this, there would be a request for as many messages as are produced while the broker
//! answers one, and more work in requests than in messages. The first message is sent immediately.
//! Once a message finds others in flight, those after it leave together at the end of the turn
//! ([`Ship`](crate::py::delivery::ship)), or after `linger_ms` if the turn lasts longer.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// The messages so far were sent one by one.
const APART: u8 = 0;
/// The last message found others in flight.
const BEHIND: u8 = 1;
/// The loop will send the messages when its turn ends.
const TOGETHER: u8 = 2;

/// The messages of a loop's current turn. Only the loop's thread uses it.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    state: AtomicU8,
    /// The client whose messages these are, one at a time.
    client: AtomicUsize,
}

/// How a message joins a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joins {
    Alone,
    /// It is the first to leave at the end of the turn.
    First,
    Others,
}

impl Turn {
    pub(crate) fn join(&self, client: usize) -> Joins {
        let is_known = self.client.load(Ordering::Relaxed) == client;
        match self.state.load(Ordering::Relaxed) {
            TOGETHER if is_known => Joins::Others,
            BEHIND if is_known => Joins::First,
            _ => Joins::Alone,
        }
    }

    /// The loop was asked to send the messages when its turn ends.
    pub(crate) fn gather(&self) {
        self.state.store(TOGETHER, Ordering::Relaxed);
    }

    /// A message of `client` found others in flight.
    pub(crate) fn found_others(&self, client: usize) {
        if self.state.load(Ordering::Relaxed) == APART {
            self.client.store(client, Ordering::Relaxed);
            self.state.store(BEHIND, Ordering::Relaxed);
        }
    }

    /// The turn is over. Results also end it: the loop reads them in another turn. So a loop that
    /// lost the call at the end of a turn, because a signal handler raised, recovers here.
    pub(crate) fn end(&self) {
        self.state.store(APART, Ordering::Relaxed);
    }
}

//! A queue of results for an event loop that sleeps, and whether the loop has been signalled. Sends
//! no signal itself: it only decides when a signal is due and when it is used up.
//!
//! The thread that pushes the first item since the reader last found the queue empty sends the
//! signal, after it releases the lock. The signal stays set until the reader, under the lock, finds
//! the queue empty. So a queued item always has a signal that was sent or is about to be.

use std::collections::VecDeque;

use super::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub struct Mailbox<T> {
    queue: Mutex<Queue<T>>,
}

#[derive(Debug)]
struct Queue<T> {
    items: VecDeque<T>,
    /// Whether the reader has been signalled and has not yet emptied the queue.
    signalled: bool,
    closed: bool,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        let queue = Queue { items: VecDeque::new(), signalled: false, closed: false };
        Self { queue: Mutex::new(queue) }
    }
}

impl<T> Mailbox<T> {
    fn queue(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds items. Returns whether the caller must signal the reader.
    #[must_use = "no other push gives this signal"]
    pub fn push(&self, items: Vec<T>) -> bool {
        let mut queue = self.queue();
        queue.items.extend(items);
        !queue.closed && !std::mem::replace(&mut queue.signalled, true)
    }

    /// Returns the next item. If there is none, `reset_signal` is called before a push can send
    /// another signal.
    ///
    /// # Errors
    /// Those of `reset_signal`.
    pub fn take<E>(&self, reset_signal: impl FnOnce() -> Result<(), E>) -> Result<Option<T>, E> {
        let mut queue = self.queue();
        let next = queue.items.pop_front();
        if next.is_none() {
            queue.signalled = false;
            reset_signal()?;
        }
        Ok(next)
    }

    /// Ends the reading: no signal is due from now on. Returns the remaining items.
    #[must_use = "no reader takes them any more"]
    pub fn close(&self) -> VecDeque<T> {
        let mut queue = self.queue();
        queue.closed = true;
        std::mem::take(&mut queue.items)
    }

    pub fn is_closed(&self) -> bool {
        self.queue().closed
    }

    /// Removes and returns all items, and leaves the signal as it is.
    #[must_use = "to be dropped without the lock"]
    pub fn drain(&self) -> VecDeque<T> {
        std::mem::take(&mut self.queue().items)
    }

    /// Calls `visit` for every item, until it fails.
    pub fn visit<E>(&self, visit: impl FnMut(&T) -> Result<(), E>) -> Result<(), E> {
        self.queue().items.iter().try_for_each(visit)
    }
}

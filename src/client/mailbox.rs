//! Results on their way to a loop that sleeps: a queue, and whether the loop has been signalled.
//! Knows no signal and no loop, only when a signal is due and when it is used up.
//!
//! The thread that pushes the first item since the queue was last seen empty gives the signal,
//! after the lock is released; it stays until the reader, under the lock, finds the queue empty.
//! So a queued item always has a signal that is given or about to be.

use std::collections::VecDeque;

use super::sync::{Mutex, MutexGuard, PoisonError};

/// A queue between a thread that pushes and a loop that is signalled.
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

    /// Adds items, and says whether the reader is to be signalled.
    #[must_use = "no other push gives this signal"]
    pub fn push(&self, items: Vec<T>) -> bool {
        let mut queue = self.queue();
        queue.items.extend(items);
        !queue.closed && !std::mem::replace(&mut queue.signalled, true)
    }

    /// The next item. If there is none, `quiet` takes the signal back before a push can give
    /// another.
    ///
    /// # Errors
    /// Those of `quiet`.
    pub fn take<E>(&self, quiet: impl FnOnce() -> Result<(), E>) -> Result<Option<T>, E> {
        let mut queue = self.queue();
        let next = queue.items.pop_front();
        if next.is_none() {
            queue.signalled = false;
            quiet()?;
        }
        Ok(next)
    }

    /// Ends the reading: no signal is due from now on. Returns the items that were not taken.
    #[must_use = "no reader takes them any more"]
    pub fn close(&self) -> VecDeque<T> {
        let mut queue = self.queue();
        queue.closed = true;
        std::mem::take(&mut queue.items)
    }

    /// Whether [`Self::close`] was called.
    pub fn is_closed(&self) -> bool {
        self.queue().closed
    }

    /// Takes everything, without a signal.
    #[must_use = "to be dropped without the lock"]
    pub fn drain(&self) -> VecDeque<T> {
        std::mem::take(&mut self.queue().items)
    }

    /// Shows every item.
    pub fn visit<E>(&self, visit: impl FnMut(&T) -> Result<(), E>) -> Result<(), E> {
        self.queue().items.iter().try_for_each(visit)
    }
}

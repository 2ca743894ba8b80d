//! Ports: the queues through which the core hands work to Python's threads. Each event loop has one
//! port, and the dispatcher has one for callers without a loop. The core pushes items and gives one
//! signal; the reader takes the items and runs them. A batch wakes its reader once, however many
//! messages it has.

use std::fmt::Debug;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::signal::Signal;
use super::turn::Turn;
use super::wakeups::{Wakeups, Waking};
use crate::client::Mailbox;
use crate::py::base::generation::Generation;

/// Number of waiters that a reader completes before it returns to its other work.
pub(crate) const WAITERS_PER_TURN: usize = 1024;

/// Work for the reader of a port.
pub(crate) trait Item: Debug + Send {
    /// Does the work. Returns how much that was, in waiters.
    fn run(self: Box<Self>, py: Python<'_>, stage: Stage, waking: &Waking<'_>) -> PyResult<usize>;

    /// Turns the item of a loop that has ended into one for the dispatcher.
    fn orphan(self: Box<Self>) -> Box<dyn Item>;

    /// Shows the garbage collector the Python objects that the item owns.
    fn traverse(&self, _visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        Ok(())
    }
}

pub(crate) type Items = Vec<Box<dyn Item>>;

/// The kind of thread that runs an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The event loop that owns the futures.
    Loop,
    /// Any other thread. It cannot complete the futures of a loop that has ended.
    Thread,
}

/// The queue, and the state of its reader.
#[derive(Debug)]
pub(crate) struct Port {
    generation: Generation,
    signal: Signal,
    items: Mailbox<Box<dyn Item>>,
    /// Waiters of completed futures that the loop has yet to call.
    wakeups: Wakeups,
    turn: Turn,
    /// The number of [`Address`]es.
    users: AtomicUsize,
    /// Whether the reader has gone. Read with the interpreter held.
    is_over: AtomicBool,
}

/// A port that will be used later, counted. A loop that ends needs a successor only if there are
/// any of these.
#[derive(Debug)]
pub(crate) struct Address(Arc<Port>);

impl Address {
    pub(crate) fn of(port: Arc<Port>) -> Self {
        port.users.fetch_add(1, Ordering::Relaxed);
        Self(port)
    }

    pub(crate) fn port(&self) -> &Arc<Port> {
        &self.0
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        self.0.users.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Port {
    fn new(signal: Signal) -> Arc<Self> {
        Arc::new(Self {
            generation: Generation::current(),
            signal,
            items: Mailbox::default(),
            wakeups: Wakeups::default(),
            turn: Turn::default(),
            users: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        })
    }

    /// Creates a port that a thread reads.
    pub(crate) fn of_thread() -> Arc<Self> {
        Self::new(Signal::of_thread())
    }

    /// Creates a port that a loop reads, and the socket that the loop watches.
    pub(crate) fn of_loop() -> std::io::Result<(Arc<Self>, UnixStream)> {
        let (signal, inbox) = Signal::of_loop()?;
        Ok((Self::new(signal), inbox))
    }

    pub(crate) fn is_of_loop(&self) -> bool {
        self.signal.is_of_loop()
    }

    /// Queues items and wakes the reader. Returns the items that nothing will read, because the
    /// loop has ended. The core calls it, without the interpreter.
    #[must_use]
    pub(crate) fn push(&self, items: Items) -> Items {
        if self.items.is_closed() {
            return orphans(items);
        }
        if self.items.push(items) {
            self.give_signal();
        }
        if self.items.is_closed() {
            // The loop may have closed the queue between the check above and the push.
            return orphans(self.items.drain());
        }
        Items::new()
    }

    pub(crate) fn give_signal(&self) {
        self.signal.give();
    }

    /// Sleeps until there is a signal, at most for `limit`.
    pub(crate) fn wait(&self, limit: Duration) {
        self.signal.wait(limit);
    }

    /// Takes the signal of a thread back: the queue is empty.
    pub(crate) fn lower_flag(&self) {
        self.signal.take_back();
    }

    /// Turns items into orphans for the dispatcher if the reader has gone.
    pub(crate) fn orphan_if_closed(&self, items: &mut Items) {
        if self.items.is_closed() {
            *items = orphans(std::mem::take(items));
        }
    }

    /// Runs the items of one turn. Returns how much work that was, in waiters.
    pub(crate) fn read<E: Into<PyErr>>(
        &self,
        py: Python<'_>,
        stage: Stage,
        waking: &Waking<'_>,
        mut quiet: impl FnMut() -> Result<(), E>,
    ) -> PyResult<usize> {
        let mut done = 0;
        // An item may fork. The remaining items are the parent's.
        while done < WAITERS_PER_TURN && self.is_ours() {
            let Some(item) = self.items.take(&mut quiet).map_err(Into::into)? else { break };
            done += item.run(py, stage, waking)?;
        }
        Ok(done)
    }

    /// Runs the items of one turn in a thread, which completes no futures.
    pub(crate) fn read_in_thread<E: Into<PyErr>>(
        &self,
        py: Python<'_>,
        quiet: impl FnMut() -> Result<(), E>,
    ) -> PyResult<usize> {
        self.read(py, Stage::Thread, &Waking::new(&self.wakeups, &|_| Ok(())), quiet)
    }

    /// Closes the queue. Returns what is left for the dispatcher, or `None` if the loop needs no
    /// successor.
    pub(crate) fn close(self: &Arc<Self>) -> Option<Items> {
        self.is_over.store(true, Ordering::Relaxed);
        if !self.is_ours() {
            // The parent's core may have held the lock at the fork; in the child it stays locked.
            std::mem::forget(Arc::clone(self));
            return None;
        }
        self.wakeups.clear();
        let left = orphans(self.items.close());
        (!left.is_empty() || self.users.load(Ordering::Relaxed) > 0).then_some(left)
    }

    pub(crate) fn wakeups(&self) -> &Wakeups {
        &self.wakeups
    }

    pub(crate) fn turn(&self) -> &Turn {
        &self.turn
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        if !self.is_ours() {
            return Ok(());
        }
        self.wakeups.traverse(visit)?;
        self.items.visit(|item| item.traverse(visit))
    }

    pub(crate) fn clear(&self) {
        if self.is_ours() {
            drop(self.items.drain());
            self.wakeups.clear();
        }
    }

    /// Whether this process made it, not a parent that has forked since.
    pub(crate) fn is_ours(&self) -> bool {
        self.generation.is_current()
    }
}

fn orphans(items: impl IntoIterator<Item = Box<dyn Item>>) -> Items {
    items.into_iter().map(Item::orphan).collect()
}

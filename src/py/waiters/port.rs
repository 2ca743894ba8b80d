//! Ports: the queues through which the core hands work to Python's threads. Each event loop has one
//! port, and the dispatcher has one for callers without a loop. The core pushes items and gives one
//! signal; the reader takes the items and runs them. A batch wakes its reader once, however many
//! messages it has.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::answer::{Answer, Learned};
use super::signal::Signal;
use super::turn::Turn;
use super::waiter::{Stage, Waiter};
use super::wakes::{Wakes, Waking};
use crate::client::Mailbox;
use crate::error::Error;
use crate::net::ProgramRequest;
use crate::producer::{Notice, Settled, Waiting};
use crate::py::delivery::dispatcher;
use crate::py::delivery::tell::tell;
use crate::py::delivery::voice::Voice;
use crate::py::lifecycle::process;

/// How many waiters a reader completes before it gets to its other work.
pub(crate) const WAITERS_PER_TURN: usize = 1024;

/// Something for a port's reader to do.
#[derive(Debug)]
pub(crate) enum Item {
    /// Complete the waiters.
    Settled(Arc<Voice>, Settled<Waiter>),
    /// Complete the waiters of a loop that has ended: see [`Item::orphan`].
    Orphaned(Arc<Voice>, Settled<Waiter>),
    /// Report unclaimed failures. They are in the producer's ledger already.
    Unclaimed(Arc<Voice>, Error, usize),
    /// Call the caller's partitioner.
    AskWhere(Arc<Voice>),
    /// Have the user's code provide a password or a token.
    Provide(Arc<Voice>, ProgramRequest),
    /// Write a line into the log.
    Notice(Arc<Voice>, Notice),
    /// Tell a thread that all items before this one are done.
    Fence(Arc<Answer>),
}

/// The queue, and what belongs to its reader.
#[derive(Debug)]
pub(crate) struct Port {
    generation: u64,
    signal: Signal,
    items: Mailbox<Item>,
    /// Waiters of completed futures that its loop has yet to call.
    wakes: Wakes,
    /// What the loop's current turn has produced.
    turn: Turn,
    /// The number of [`Address`]es.
    users: AtomicUsize,
    /// Whether its reader has gone. Read with the interpreter held.
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
        let generation = process::generation();
        let (users, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (items, wakes, turn) = (Mailbox::default(), Wakes::default(), Turn::default());
        Arc::new(Self { generation, signal, items, wakes, turn, users, is_over })
    }

    /// A port that a thread reads.
    pub(crate) fn of_thread() -> Arc<Self> {
        Self::new(Signal::of_thread())
    }

    /// A port that a loop reads, and the end that it watches.
    pub(crate) fn of_loop() -> std::io::Result<(Arc<Self>, UnixStream)> {
        let (signal, inbox) = Signal::of_loop()?;
        Ok((Self::new(signal), inbox))
    }

    pub(crate) fn is_of_loop(&self) -> bool {
        self.signal.is_of_loop()
    }

    /// Queues items and wakes the reader. The core calls it, without the interpreter.
    pub(crate) fn push(&self, items: Vec<Item>) {
        if self.items.is_closed() {
            return dispatcher::inherit(orphans(items));
        }
        if self.items.push(items) {
            self.give_signal();
        }
        if self.items.is_closed() {
            // The loop may have closed the queue between the check above and the push.
            dispatcher::inherit(orphans(self.items.drain()));
        }
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
    pub(crate) fn orphan_if_closed(&self, items: &mut Vec<Item>) {
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
            done += item.do_it(py, stage, waking)?;
        }
        Ok(done)
    }

    /// The same in a thread, which completes no futures.
    pub(crate) fn read_in_thread<E: Into<PyErr>>(
        &self,
        py: Python<'_>,
        quiet: impl FnMut() -> Result<(), E>,
    ) -> PyResult<usize> {
        self.read(py, Stage::Thread, &Waking::new(&self.wakes, &|_| Ok(())), quiet)
    }

    /// Closes the queue, and passes what is left to the dispatcher.
    pub(crate) fn close(self: &Arc<Self>, py: Python<'_>) {
        self.is_over.store(true, Ordering::Relaxed);
        if !self.is_ours() {
            // The parent's core may have held the lock at the fork; in the child it stays locked.
            std::mem::forget(Arc::clone(self));
            return;
        }
        self.wakes.clear();
        let left = orphans(self.items.close());
        if !left.is_empty() || self.users.load(Ordering::Relaxed) > 0 {
            dispatcher::succeed(py, left);
        }
    }

    pub(crate) fn wakes(&self) -> &Wakes {
        &self.wakes
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
        self.wakes.traverse(visit)?;
        self.items.visit(|item| match item {
            Item::Settled(_, settled) | Item::Orphaned(_, settled) => match settled {
                Settled::Call { waiter, .. } => waiter.traverse(visit),
                Settled::Batch(batch) => {
                    batch.waiting.iter().try_for_each(|waiting| waiting.waiter.traverse(visit))
                }
            },
            Item::Unclaimed(..)
            | Item::AskWhere(_)
            | Item::Provide(..)
            | Item::Notice(..)
            | Item::Fence(_) => Ok(()),
        })
    }

    pub(crate) fn clear(&self) {
        if self.is_ours() {
            drop(self.items.drain());
            self.wakes.clear();
        }
    }

    /// Whether this process made it, not a parent that has forked since.
    pub(crate) fn is_ours(&self) -> bool {
        self.generation == process::generation()
    }
}

/// Makes orphans of the items of a loop that has ended.
fn orphans(items: impl IntoIterator<Item = Item>) -> Vec<Item> {
    items.into_iter().map(Item::orphan).collect()
}

impl Item {
    /// Turns an item of a loop that has ended into one for the dispatcher. The loop cannot complete
    /// its futures any more, so their failures are noted as unclaimed at once, and the next `flush`
    /// or `close` raises them. The dispatcher logs them later.
    fn orphan(self) -> Self {
        let (voice, batch) = match self {
            Self::Settled(voice, Settled::Batch(batch)) => (voice, batch),
            other => return other,
        };
        if let Err(error) = &batch.outcome {
            let is_future =
                |waiting: &&Waiting<Waiter>| matches!(waiting.waiter, Waiter::Future { .. });
            let count = batch.waiting.iter().filter(is_future).count();
            voice.unclaimed(error, count);
        }
        Self::Orphaned(voice, Settled::Batch(batch))
    }

    fn do_it(self, py: Python<'_>, stage: Stage, waking: &Waking<'_>) -> PyResult<usize> {
        match self {
            Self::Settled(voice, settled) | Self::Orphaned(voice, settled) => {
                tell(py, stage, &voice, settled, waking)
            }
            Self::Unclaimed(voice, error, count) => {
                voice.report(py, stage, &error, count).map(|()| count)
            }
            Self::AskWhere(voice) => voice.place_records(py).map(|_| 1),
            Self::Provide(voice, request) => voice.provide(py, request).map(|()| 1),
            Self::Notice(voice, notice) => voice.note(py, &notice).map(|()| 1),
            Self::Fence(answer) => {
                answer.fill(Ok(Learned::Done));
                Ok(1)
            }
        }
    }
}

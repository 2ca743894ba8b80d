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
use super::tell::tell;
use super::turn::Turn;
use super::voice::Voice;
use super::waiter::{Stage, Waiter};
use super::wakes::{Wakes, Waking};
use super::{dispatcher, process};
use crate::client::Mailbox;
use crate::error::Error;
use crate::producer::{Notice, Settled, Waiting};

/// How many waiters are told before the reader gets a turn at other things.
pub(super) const WAITERS_PER_TURN: usize = 1024;

/// Something for a port's reader to do.
#[derive(Debug)]
pub(super) enum Item {
    /// Tell those who waited.
    Settled(Arc<Voice>, Settled<Waiter>),
    /// The same, of a loop that has ended: see [`Item::orphan`].
    Orphaned(Arc<Voice>, Settled<Waiter>),
    /// Say that messages failed that nobody claims; they are written down already.
    Unclaimed(Arc<Voice>, Error, usize),
    /// Ask the caller where records go.
    AskWhere(Arc<Voice>),
    /// Write a line into the log.
    Notice(Arc<Voice>, Notice),
    /// Tell a thread that everything before this is done.
    Fence(Arc<Answer>),
}

/// The core's end.
#[derive(Debug)]
pub(super) struct Port {
    generation: u64,
    signal: Signal,
    items: Mailbox<Item>,
    /// Whom its loop is to call.
    wakes: Wakes,
    /// What its loop's turn has produced.
    turn: Turn,
    /// Who counts on it: see [`Address`].
    users: AtomicUsize,
    /// Whether its reader has gone, for those who hold the interpreter.
    is_over: AtomicBool,
}

/// A port as somebody has it who will have something told there. A loop that ends knows by the
/// count of these whether it needs a successor.
#[derive(Debug)]
pub(super) struct Address(Arc<Port>);

impl Address {
    pub(super) fn of(port: Arc<Port>) -> Self {
        port.users.fetch_add(1, Ordering::Relaxed);
        Self(port)
    }

    pub(super) fn port(&self) -> &Arc<Port> {
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
    pub(super) fn of_thread() -> Arc<Self> {
        Self::new(Signal::of_thread())
    }

    /// A port that a loop reads, and the end that it watches.
    pub(super) fn of_loop() -> std::io::Result<(Arc<Self>, UnixStream)> {
        let (signal, inbox) = Signal::of_loop()?;
        Ok((Self::new(signal), inbox))
    }

    pub(super) fn is_of_loop(&self) -> bool {
        self.signal.is_of_loop()
    }

    /// Hands something to the reader. Called by the core, without the interpreter.
    pub(super) fn push(&self, items: Vec<Item>) {
        if self.items.is_closed() {
            return dispatcher::inherit(orphans(items));
        }
        if self.items.push(items) {
            self.give_signal();
        }
        if self.items.is_closed() {
            // Its loop ended meanwhile, and may have missed these.
            dispatcher::inherit(orphans(self.items.drain()));
        }
    }

    pub(super) fn give_signal(&self) {
        self.signal.give();
    }

    /// Sleeps until there is a signal, at most for `limit`.
    pub(super) fn wait(&self, limit: Duration) {
        self.signal.wait(limit);
    }

    /// Takes the signal back: the queue is empty.
    pub(super) fn lower_flag(&self) {
        self.signal.take_back();
    }

    /// Replaces items by what the dispatcher can do with them, if the reader has gone.
    pub(super) fn orphan_if_closed(&self, items: &mut Vec<Item>) {
        if self.items.is_closed() {
            *items = orphans(std::mem::take(items));
        }
    }

    /// Does a turn's worth of what there is to do; says how much that was.
    pub(super) fn read<E: Into<PyErr>>(
        &self,
        py: Python<'_>,
        stage: Stage,
        waking: &Waking<'_>,
        mut quiet: impl FnMut() -> Result<(), E>,
    ) -> PyResult<usize> {
        let mut done = 0;
        // What it does may fork: the rest is the parent's.
        while done < WAITERS_PER_TURN && self.is_ours() {
            let Some(item) = self.items.take(&mut quiet).map_err(Into::into)? else { break };
            done += item.do_it(py, stage, waking)?;
        }
        Ok(done)
    }

    /// The same in a thread, where there is no future to be completed.
    pub(super) fn read_in_thread<E: Into<PyErr>>(
        &self,
        py: Python<'_>,
        quiet: impl FnMut() -> Result<(), E>,
    ) -> PyResult<usize> {
        self.read(py, Stage::Thread, &Waking::new(&self.wakes, &|_| Ok(())), quiet)
    }

    /// Ends the reading, and hands on what was not read.
    pub(super) fn close(self: &Arc<Self>, py: Python<'_>) {
        self.is_over.store(true, Ordering::Relaxed);
        if !self.is_ours() {
            // The parent's core may have held its lock at the fork, for ever here.
            std::mem::forget(Arc::clone(self));
            return;
        }
        self.wakes.clear();
        let left = orphans(self.items.close());
        if !left.is_empty() || self.users.load(Ordering::Relaxed) > 0 {
            dispatcher::succeed(py, left);
        }
    }

    pub(super) fn wakes(&self) -> &Wakes {
        &self.wakes
    }

    pub(super) fn turn(&self) -> &Turn {
        &self.turn
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
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
            Item::Unclaimed(..) | Item::AskWhere(_) | Item::Notice(..) | Item::Fence(_) => Ok(()),
        })
    }

    pub(super) fn clear(&self) {
        if self.is_ours() {
            drop(self.items.drain());
            self.wakes.clear();
        }
    }

    /// Whether it was made in this process, and not before a fork.
    pub(super) fn is_ours(&self) -> bool {
        self.generation == process::generation()
    }
}

/// What a loop that has ended leaves behind.
fn orphans(items: impl IntoIterator<Item = Item>) -> Vec<Item> {
    items.into_iter().map(Item::orphan).collect()
}

impl Item {
    /// Hands it on from a loop that has ended and cannot complete its futures any more. Failures of
    /// these futures are written down as unclaimed at once, so that the next `flush` or `close`
    /// raises them. The dispatcher logs them later.
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
            Self::Notice(voice, notice) => voice.note(py, &notice).map(|()| 1),
            Self::Fence(answer) => {
                answer.fill(Ok(Learned::Done));
                Ok(1)
            }
        }
    }
}

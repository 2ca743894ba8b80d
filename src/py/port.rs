//! Where results land: one port for each event loop, and one for the thread that serves those
//! without a loop. The core pushes settled batches and gives one signal; whoever reads the port
//! fetches them and tells those who wait. However many messages a batch has, the reader is woken
//! once.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::answer::{Answer, Learned};
use super::group::{Group, Told};
use super::tell::tell;
use super::turn::Turn;
use super::voice::Voice;
use super::waiter::{Stage, Waiter};
use super::wakes::{Wakes, Waking};
use super::{dispatcher, process};
use crate::client::Mailbox;
use crate::error::Error;
use crate::producer::{Notice, Settled, SettledBatch, Waiting};

/// How many waiters are told before the reader gets a turn at other things.
const WAITERS_PER_TURN: usize = 1024;

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

/// How a port's reader is woken.
#[derive(Debug)]
enum Signal {
    /// A loop watches the other end.
    Socket(UnixStream),
    /// A thread sleeps.
    Flag(Flag),
}

#[derive(Debug, Default)]
struct Flag {
    is_up: Mutex<bool>,
    raised: Condvar,
}

impl Flag {
    fn is_up(&self) -> MutexGuard<'_, bool> {
        self.is_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn raise(&self) {
        *self.is_up() = true;
        self.raised.notify_all();
    }

    fn lower(&self) {
        *self.is_up() = false;
    }

    /// Sleeps until it is up, at most for `limit`.
    fn wait(&self, limit: Duration) {
        let asleep = self.raised.wait_timeout_while(self.is_up(), limit, |is_up| !*is_up);
        drop(asleep);
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
        Self::new(Signal::Flag(Flag::default()))
    }

    /// A port that a loop reads, and the end that it watches.
    pub(super) fn of_loop() -> std::io::Result<(Arc<Self>, UnixStream)> {
        let (signal, inbox) = UnixStream::pair()?;
        signal.set_nonblocking(true)?;
        inbox.set_nonblocking(true)?;
        Ok((Self::new(Signal::Socket(signal)), inbox))
    }

    pub(super) fn is_of_loop(&self) -> bool {
        matches!(self.signal, Signal::Socket(_))
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
        match &self.signal {
            Signal::Socket(socket) => {
                // A full socket is one that wakes the loop anyway; a closed one has no loop.
                let _woken = (&mut &*socket).write(&[0]);
            }
            Signal::Flag(flag) => flag.raise(),
        }
    }

    /// Sleeps until there is a signal, at most for `limit`.
    pub(super) fn wait(&self, limit: Duration) {
        if let Signal::Flag(flag) = &self.signal {
            flag.wait(limit);
        }
    }

    /// Takes the signal back: the queue is empty.
    pub(super) fn lower_flag(&self) {
        if let Signal::Flag(flag) = &self.signal {
            flag.lower();
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

/// Sorts what was settled in one turn by the ports that tell it.
pub(super) fn deliver(home: &Arc<Port>, voice: &Arc<Voice>, settled: Vec<Settled<Waiter>>) {
    let mut mail = Mail::default();
    for settled in settled {
        match settled {
            Settled::Call { waiter, result } => mail.call(voice, waiter, result),
            Settled::Batch(batch) => {
                if let (Err(error), count @ 1..) = (&batch.outcome, batch.unclaimed) {
                    mail.nobodys(home, voice, error, count);
                }
                mail.batch(home, voice, batch);
            }
        }
    }
    // Before anybody is told: the next to be told may close the producer.
    for (port, items) in &mut mail.by_port {
        if port.items.is_closed() {
            *items = orphans(std::mem::take(items));
        }
    }
    for (port, items) in mail.by_port {
        port.push(items);
    }
    // Whoever wakes finds that callbacks are on their way already.
    for (answer, learned) in mail.answers {
        answer.fill(learned);
    }
}

#[derive(Default)]
struct Mail {
    by_port: Vec<(Arc<Port>, Vec<Item>)>,
    answers: Vec<(Arc<Answer>, Result<Learned, Error>)>,
}

impl Mail {
    fn add(&mut self, port: &Arc<Port>, item: Item) {
        match self.by_port.iter_mut().find(|(known, _)| Arc::ptr_eq(known, port)) {
            Some((_, items)) => items.push(item),
            None => self.by_port.push((Arc::clone(port), vec![item])),
        }
    }

    fn call(&mut self, voice: &Arc<Voice>, waiter: Waiter, result: Result<(), Error>) {
        match waiter {
            Waiter::Thread(answer) => self.answers.push((answer, result.map(|()| Learned::Done))),
            waiter => {
                let Some(port) = waiter.port().cloned() else { return };
                self.add(&port, Item::Settled(Arc::clone(voice), Settled::Call { waiter, result }));
            }
        }
    }

    /// In pieces: a reader has other things to do as well.
    fn unclaimed(&mut self, home: &Arc<Port>, voice: &Arc<Voice>, error: &Error, count: usize) {
        let mut left = count;
        while left > 0 {
            let piece = left.min(WAITERS_PER_TURN);
            self.add(home, Item::Unclaimed(Arc::clone(voice), error.clone(), piece));
            left -= piece;
        }
    }

    /// Records of one batch may be waited for in several places; nearly always it is one.
    fn batch(&mut self, home: &Arc<Port>, voice: &Arc<Voice>, mut batch: SettledBatch<Waiter>) {
        while let Some(first) = batch.waiting.first() {
            let Some(port) = first.waiter.port().cloned() else {
                self.direct(home, voice, &mut batch);
                continue;
            };
            let mine = take_those(&mut batch.waiting, |waiter| {
                waiter.port().is_some_and(|it| Arc::ptr_eq(it, &port))
            });
            let piece = SettledBatch {
                topic: Arc::clone(&batch.topic),
                partition: batch.partition,
                outcome: batch.outcome.clone(),
                waiting: mine,
                unclaimed: 0,
            };
            self.add(&port, Item::Settled(Arc::clone(voice), Settled::Batch(piece)));
        }
    }

    /// Those that no port tells: threads that wait for records of this batch, and calls that wait
    /// for many.
    fn direct(&mut self, home: &Arc<Port>, voice: &Arc<Voice>, batch: &mut SettledBatch<Waiter>) {
        let mine = take_those(&mut batch.waiting, |waiter| waiter.port().is_none());
        let same = |a: &Waiting<Waiter>, b: &Waiting<Waiter>| match (&a.waiter, &b.waiter) {
            (Waiter::Member { group: a, .. }, Waiter::Member { group: b, .. }) => Arc::ptr_eq(a, b),
            _ => false,
        };
        for of_one in mine.chunk_by(same) {
            match &of_one[0].waiter {
                Waiter::Member { group, .. } => self.members(home, voice, batch, group, of_one),
                Waiter::Thread(answer) => self.thread(home, voice, batch, answer, &of_one[0]),
                Waiter::Future { .. } | Waiter::Promise { .. } | Waiter::Callback(_) => {
                    unreachable!("these have a port")
                }
            }
        }
    }

    fn thread(
        &mut self,
        home: &Arc<Port>,
        voice: &Arc<Voice>,
        batch: &SettledBatch<Waiter>,
        answer: &Arc<Answer>,
        waiting: &Waiting<Waiter>,
    ) {
        if let Err(error) = &batch.outcome
            && Arc::strong_count(answer) == 1
        {
            // The thread was interrupted, and waits no more.
            return self.nobodys(home, voice, error, 1);
        }
        let learned = batch.outcome.as_ref().map_err(Clone::clone).map(|stored| {
            let place = stored.place_of(waiting);
            let topic = Arc::clone(&batch.topic);
            Learned::Stored { topic, partition: batch.partition, place }
        });
        self.answers.push((Arc::clone(answer), learned));
    }

    /// Records that were handed over in one call.
    fn members(
        &mut self,
        home: &Arc<Port>,
        voice: &Arc<Voice>,
        batch: &SettledBatch<Waiter>,
        group: &Arc<Group>,
        members: &[Waiting<Waiter>],
    ) {
        let count = members.iter().map(|waiting| waiting.count as usize).sum();
        match (group.settle(batch, members), &batch.outcome) {
            (Told::Group(Some(waiter)), _) => self.call(voice, waiter, Ok(())),
            (Told::Nobody, Err(error)) => self.nobodys(home, voice, error, count),
            (Told::Group(None), _) | (Told::Nobody, Ok(_)) => {}
        }
    }

    /// Failures that nobody waits for any more.
    fn nobodys(&mut self, home: &Arc<Port>, voice: &Arc<Voice>, error: &Error, count: usize) {
        voice.unclaimed(error, count);
        self.unclaimed(home, voice, error, count);
    }
}

/// Takes those out for whom something holds, in order: nearly always all.
fn take_those(
    waiting: &mut Vec<Waiting<Waiter>>,
    holds: impl Fn(&Waiter) -> bool,
) -> Vec<Waiting<Waiter>> {
    if waiting.iter().all(|waiting| holds(&waiting.waiter)) {
        return std::mem::take(waiting);
    }
    let (those, others) =
        std::mem::take(waiting).into_iter().partition(|waiting| holds(&waiting.waiter));
    *waiting = others;
    those
}

/// Reads what a loop's socket holds, so that it stays quiet until the next signal.
pub(super) fn empty_inbox(mut inbox: &UnixStream) -> std::io::Result<()> {
    match inbox.read(&mut [0; 64]) {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}

//! What becomes of messages that were handed over in one call. The core fills it in as batches
//! settle, and tells who waits for the last of them; nothing here is Python's.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::fates::{Fate, Fates, Rows};
use super::waiter::Waiter;
use crate::error::{Error, ErrorKind};
use crate::producer::{SettledBatch, Waiting};
use crate::py::lifecycle::process;

/// Whether a group took in what became of its messages.
pub(crate) enum Told {
    /// It did; and who waits, if these were the last.
    Group(Option<Waiter>),
    /// Nobody waits for it any more.
    Nobody,
}

/// Shared by the call and by each of its messages that is under way.
#[derive(Debug)]
pub(crate) struct Group {
    generation: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    rows: Rows,
    /// How many messages there are, how many of them are under way or yet to be handed over, and
    /// how many failed.
    count: usize,
    open: usize,
    failed: usize,
    /// The last one whose time was over before it was delivered.
    last_late: Option<u32>,
    /// Mostly one.
    topics: Vec<Arc<str>>,
    waiter: Option<Waiter>,
    is_forgone: bool,
}

impl Group {
    pub(crate) fn of(count: usize) -> Arc<Self> {
        let state = State {
            rows: Rows::default(),
            count,
            open: count,
            failed: 0,
            last_late: None,
            topics: Vec::new(),
            waiter: None,
            is_forgone: false,
        };
        Arc::new(Self { generation: process::generation(), state: Mutex::new(state) })
    }

    /// Whether it was made in this process: the core of another may have held its lock at a fork.
    pub(crate) fn is_ours(&self) -> bool {
        self.generation == process::generation()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Some of its messages shared a batch.
    pub(crate) fn settle(&self, batch: &SettledBatch<Waiter>, members: &[Waiting<Waiter>]) -> Told {
        let mut state = self.state();
        if state.is_forgone {
            return Told::Nobody;
        }
        let topic = state.topic(&batch.topic);
        for waiting in members {
            let Waiter::Member { index, .. } = waiting.waiter else { continue };
            let indices = index..index + waiting.count as u32;
            let fate = match &batch.outcome {
                Ok(stored) => {
                    let first = stored.first_place_of(waiting);
                    Fate::Stored { topic, partition: batch.partition, first }
                }
                Err(error) => Fate::Failed(Box::new(error.clone())),
            };
            state.end(indices, fate);
        }
        Told::Group(state.waiter_if_done())
    }

    /// The core does not take some messages. Nobody waits yet: the handing over goes on.
    pub(crate) fn fail(&self, indices: Range<u32>, error: Error) {
        self.state().end(indices, Fate::Failed(Box::new(error)));
    }

    /// A message cannot be handed over.
    pub(crate) fn refuse(&self, index: u32) {
        self.state().end(index..index + 1, Fate::Refused);
    }

    /// Tells `waiter` when the last message has its fate; gives it back if that is so already.
    pub(crate) fn wait(&self, waiter: Waiter) -> Option<Waiter> {
        let mut state = self.state();
        if state.open == 0 {
            return Some(waiter);
        }
        let earlier = state.waiter.replace(waiter);
        drop(state);
        // Behind the lock: it may be the last to hold a future.
        drop(earlier);
        None
    }

    /// Nobody waits any more; what fails from now on is for the ledger. Returns who waited, and
    /// what has failed before.
    pub(crate) fn forgo(&self) -> (Option<Waiter>, Vec<Error>) {
        let mut state = self.state();
        state.is_forgone = true;
        let failed = state.rows.errors().cloned().collect();
        (state.waiter.take(), failed)
    }

    /// How many have their fate, and how many of these failed.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.count - state.open, state.failed)
    }

    /// Whether the time of a message was over before it was delivered, from this one on.
    pub(crate) fn is_late_from(&self, index: usize) -> bool {
        self.state().last_late.is_some_and(|last| last as usize >= index)
    }

    /// Everything, and the topics' names.
    pub(crate) fn take(&self) -> (Fates, Vec<Arc<str>>) {
        let mut state = self.state();
        let (rows, topics) = (std::mem::take(&mut state.rows), std::mem::take(&mut state.topics));
        drop(state);
        (rows.into_fates(), topics)
    }
}

impl State {
    fn topic(&mut self, name: &Arc<str>) -> u32 {
        let known = self.topics.iter().rposition(|topic| topic == name);
        let index = known.unwrap_or_else(|| {
            self.topics.push(Arc::clone(name));
            self.topics.len() - 1
        });
        index as u32
    }

    fn end(&mut self, indices: Range<u32>, fate: Fate) {
        if indices.is_empty() {
            return;
        }
        if let Fate::Failed(error) = &fate
            && error.kind() == ErrorKind::DeliveryTimeout
        {
            self.last_late = self.last_late.max(Some(indices.end - 1));
        }
        if !matches!(fate, Fate::Stored { .. }) {
            self.failed += indices.len();
        }
        self.open -= indices.len();
        self.rows.add(indices, fate);
    }

    fn waiter_if_done(&mut self) -> Option<Waiter> {
        if self.open == 0 { self.waiter.take() } else { None }
    }
}

//! What becomes of messages that were handed over in one call. The core fills it in as batches
//! settle, and tells who waits for the last of them; nothing here is Python's.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::process;
use super::waiter::Waiter;
use crate::error::{Error, ErrorKind};
use crate::producer::{RecordPlace, SettledBatch, Waiting};

/// One message's fate.
#[derive(Debug, Clone)]
pub(super) enum Fate {
    /// It is under way, or yet to be handed over.
    Open,
    Stored {
        /// Which of the group's topics.
        topic: u32,
        partition: i32,
        place: RecordPlace,
    },
    Failed(Box<Error>),
    /// It never reached the core; whoever handed it over knows why.
    Refused,
}

/// Whether a group took in what became of its messages.
pub(super) enum Told {
    /// It did; and who waits, if these were the last.
    Group(Option<Waiter>),
    /// Nobody waits for it any more.
    Nobody,
}

/// Shared by the call and by each of its messages that is under way.
#[derive(Debug)]
pub(super) struct Group {
    generation: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    fates: Vec<Fate>,
    /// How many are open, and how many failed.
    open: usize,
    failed: usize,
    /// Mostly one.
    topics: Vec<Arc<str>>,
    waiter: Option<Waiter>,
    is_forgone: bool,
}

impl Group {
    pub(super) fn of(count: usize) -> Arc<Self> {
        let state = State {
            fates: vec![Fate::Open; count],
            open: count,
            failed: 0,
            topics: Vec::new(),
            waiter: None,
            is_forgone: false,
        };
        Arc::new(Self { generation: process::generation(), state: Mutex::new(state) })
    }

    /// Whether it was made in this process: the core of another may have held its lock at a fork.
    pub(super) fn is_ours(&self) -> bool {
        self.generation == process::generation()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Some of its messages shared a batch.
    pub(super) fn settle(&self, batch: &SettledBatch<Waiter>, members: &[Waiting<Waiter>]) -> Told {
        let mut state = self.state();
        if state.is_forgone {
            return Told::Nobody;
        }
        let topic = state.topic(&batch.topic);
        for waiting in members {
            let Waiter::Member { index, .. } = waiting.waiter else { continue };
            let indices = index..index + waiting.count as u32;
            match &batch.outcome {
                Ok(stored) => {
                    for (index, place) in indices.zip(stored.places_of(waiting)) {
                        let partition = batch.partition;
                        state.end(index, Fate::Stored { topic, partition, place });
                    }
                }
                Err(error) => {
                    for index in indices {
                        state.end(index, Fate::Failed(Box::new(error.clone())));
                    }
                }
            }
        }
        Told::Group(state.waiter_if_done())
    }

    /// The core does not take a message. Nobody waits yet: the handing over goes on.
    pub(super) fn fail(&self, index: u32, error: Error) {
        self.state().end(index, Fate::Failed(Box::new(error)));
    }

    /// A message cannot be handed over.
    pub(super) fn refuse(&self, index: u32) {
        self.state().end(index, Fate::Refused);
    }

    /// Tells `waiter` when the last message has its fate; gives it back if that is so already.
    pub(super) fn wait(&self, waiter: Waiter) -> Option<Waiter> {
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
    pub(super) fn forgo(&self) -> (Option<Waiter>, Vec<Error>) {
        let mut state = self.state();
        state.is_forgone = true;
        let failed = state.fates.iter().filter_map(|fate| match fate {
            Fate::Failed(error) => Some((**error).clone()),
            _ => None,
        });
        let failed = failed.collect();
        (state.waiter.take(), failed)
    }

    /// How many have their fate, and how many of these failed.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.fates.len() - state.open, state.failed)
    }

    /// Whether the time of one of some messages was over before it was delivered.
    pub(super) fn is_late_among(&self, indices: std::ops::Range<usize>) -> bool {
        self.state().fates[indices].iter().any(|fate| match fate {
            Fate::Failed(error) => error.kind() == ErrorKind::DeliveryTimeout,
            _ => false,
        })
    }

    /// Everything, and the topics' names.
    pub(super) fn take(&self) -> (Vec<Fate>, Vec<Arc<str>>) {
        let mut state = self.state();
        (std::mem::take(&mut state.fates), std::mem::take(&mut state.topics))
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

    fn end(&mut self, index: u32, fate: Fate) {
        self.failed += usize::from(!matches!(fate, Fate::Stored { .. }));
        self.open -= 1;
        self.fates[index as usize] = fate;
    }

    fn waiter_if_done(&mut self) -> Option<Waiter> {
        if self.open == 0 { self.waiter.take() } else { None }
    }
}

//! The shared state of one batch call. The core records outcomes as batches settle, and takes the
//! waiter when the last message has settled. Nothing here needs the interpreter.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::outcomes::{Outcome, Outcomes, Spans};
use crate::error::{Error, ErrorKind};
use crate::producer::{SettledBatch, Waiting};

/// The result of recording outcomes in a group.
pub(crate) enum Settling<W> {
    /// They are recorded. Returns the waiter if these were the last.
    Recorded(Option<W>),
    /// The caller has abandoned the call.
    Abandoned,
}

/// Shared by the call and by each of its records that is not settled.
#[derive(Debug)]
pub(crate) struct Group<W>(Mutex<State<W>>);

#[derive(Debug)]
struct State<W> {
    spans: Spans,
    /// The sorted spans, after [`Group::outcomes`] was called.
    outcomes: Option<Arc<Outcomes>>,
    /// The number of messages, of those that are not settled, and of those that failed.
    count: usize,
    open: usize,
    failed: usize,
    /// The last message that failed with `DeliveryTimeout`.
    last_late: Option<u32>,
    /// Usually one.
    topics: Vec<Arc<str>>,
    waiter: Option<W>,
    is_abandoned: bool,
}

impl<W> Group<W> {
    pub(crate) fn of(count: usize) -> Arc<Self> {
        let state = State {
            spans: Spans::default(),
            outcomes: None,
            count,
            open: count,
            failed: 0,
            last_late: None,
            topics: Vec::new(),
            waiter: None,
            is_abandoned: false,
        };
        Arc::new(Self(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the outcome of members that shared a batch.
    pub(crate) fn settle(
        &self,
        batch: &SettledBatch<W>,
        members: &[Waiting<W>],
        index_of: impl Fn(&W) -> Option<u32>,
    ) -> Settling<W> {
        let mut state = self.state();
        if state.is_abandoned {
            return Settling::Abandoned;
        }
        let topic = state.topic(&batch.topic);
        for waiting in members {
            let Some(index) = index_of(&waiting.waiter) else { continue };
            let indices = index..index + waiting.count as u32;
            let outcome = match &batch.outcome {
                Ok(stored) => {
                    let first = stored.first_place_of(waiting);
                    Outcome::Stored { topic, partition: batch.partition, first }
                }
                Err(error) => Outcome::Failed(Box::new(error.clone())),
            };
            state.end(indices, outcome);
        }
        Settling::Recorded(state.waiter_if_done())
    }

    /// Records that the core refused some messages. There is no waiter yet: the call is still
    /// handing messages over.
    pub(crate) fn fail(&self, indices: Range<u32>, error: Error) {
        self.state().end(indices, Outcome::Failed(Box::new(error)));
    }

    /// Records that a message could not be handed over. The caller keeps the exception.
    pub(crate) fn refuse(&self, index: u32) {
        self.state().end(index..index + 1, Outcome::Refused);
    }

    /// Registers the waiter for the last outcome. Returns it if all messages are settled already.
    pub(crate) fn wait(&self, waiter: W) -> Option<W> {
        let mut state = self.state();
        if state.open == 0 {
            return Some(waiter);
        }
        let earlier = state.waiter.replace(waiter);
        drop(state);
        // After the lock is released: it may hold the last reference to a future.
        drop(earlier);
        None
    }

    /// Abandons the call. Later failures count as unclaimed. Returns the waiter and the failures so
    /// far.
    pub(crate) fn abandon(&self) -> (Option<W>, Vec<Error>) {
        let mut state = self.state();
        state.is_abandoned = true;
        let failed = match &state.outcomes {
            Some(outcomes) => outcomes.errors().cloned().collect(),
            None => state.spans.errors().cloned().collect(),
        };
        (state.waiter.take(), failed)
    }

    /// Returns how many messages are settled, and how many of them failed.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.count - state.open, state.failed)
    }

    /// Whether a message at or after `index` failed with `DeliveryTimeout`.
    pub(crate) fn is_late_from(&self, index: usize) -> bool {
        self.state().last_late.is_some_and(|last| last as usize >= index)
    }

    /// Returns the outcomes of all messages, once all are settled, and the topics that they refer
    /// to.
    pub(crate) fn outcomes(&self) -> (Arc<Outcomes>, Vec<Arc<str>>) {
        let mut state = self.state();
        let State { spans, outcomes, topics, .. } = &mut *state;
        let outcomes =
            outcomes.get_or_insert_with(|| Arc::new(std::mem::take(spans).into_outcomes()));
        (Arc::clone(outcomes), topics.clone())
    }
}

impl<W> State<W> {
    fn topic(&mut self, name: &Arc<str>) -> u32 {
        let known = self.topics.iter().rposition(|topic| topic == name);
        let index = known.unwrap_or_else(|| {
            self.topics.push(Arc::clone(name));
            self.topics.len() - 1
        });
        index as u32
    }

    fn end(&mut self, indices: Range<u32>, outcome: Outcome) {
        if indices.is_empty() {
            return;
        }
        if let Outcome::Failed(error) = &outcome
            && error.kind() == ErrorKind::DeliveryTimeout
        {
            self.last_late = self.last_late.max(Some(indices.end - 1));
        }
        if !matches!(outcome, Outcome::Stored { .. }) {
            self.failed += indices.len();
        }
        self.open -= indices.len();
        self.spans.add(indices, outcome);
    }

    fn waiter_if_done(&mut self) -> Option<W> {
        if self.open == 0 { self.waiter.take() } else { None }
    }
}

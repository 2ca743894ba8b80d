//! Calls that wait for the cluster to answer: to any question, to one about a topic, or to one
//! about everything.

use std::time::{Duration, Instant};

use crate::error::Result;

/// What a call wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Whether the cluster answers at all.
    Anything,
    /// The partitions of the topic with this index. The cluster may create it if `creates`.
    Topic { index: usize, creates: bool },
    /// All brokers and topics. Only an answer to a question that was asked after the call counts.
    Everything,
}

/// A call that waits for the cluster.
#[derive(Debug)]
pub(super) struct Call<W> {
    pub(super) need: Need,
    pub(super) limit: Duration,
    /// How many questions had been asked before.
    pub(super) asked_before: u64,
    pub(super) until: Instant,
    pub(super) waiter: W,
}

#[derive(Debug)]
pub(super) struct Calls<W> {
    open: Vec<Call<W>>,
    /// When the first of them has waited for too long.
    next: Option<Instant>,
}

impl<W> Default for Calls<W> {
    fn default() -> Self {
        Self { open: Vec::new(), next: None }
    }
}

impl<W> Calls<W> {
    pub(super) fn add(&mut self, call: Call<W>) {
        self.note(call.until);
        self.open.push(call);
    }

    fn note(&mut self, until: Instant) {
        self.next = Some(self.next.map_or(until, |next| next.min(until)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether a call asks such a question.
    pub(super) fn ask(&self, is_such: impl Fn(Need) -> bool) -> bool {
        self.open.iter().any(|call| is_such(call.need))
    }

    /// The topics that calls wait for, and whether the cluster may create them.
    pub(super) fn topics(&self) -> impl Iterator<Item = (usize, bool)> {
        self.open.iter().filter_map(|call| match call.need {
            Need::Topic { index, creates } => Some((index, creates)),
            Need::Anything | Need::Everything => None,
        })
    }

    /// When one has waited for too long.
    pub(super) fn next_event(&self) -> Option<Instant> {
        self.next
    }

    /// Takes out the calls that have a result, with it.
    pub(super) fn take(
        &mut self,
        result: impl Fn(&Call<W>) -> Option<Result<()>>,
    ) -> Vec<(Call<W>, Result<()>)> {
        let mut done = Vec::new();
        self.next = None;
        for call in std::mem::take(&mut self.open) {
            match result(&call) {
                Some(result) => done.push((call, result)),
                None => self.add(call),
            }
        }
        done
    }
}

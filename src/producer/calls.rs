//! Calls that wait for an answer of the cluster: to any question, to one about a topic, or to one
//! about everything.

use std::time::{Duration, Instant};

use crate::error::Result;

/// The answer that a call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// Any answer.
    Anything,
    /// The partitions of the topic with this index. The cluster may create it if `creates`.
    Topic { index: usize, creates: bool },
    /// All brokers and topics. Only an answer to a question that was asked after the call counts.
    Everything,
}

#[derive(Debug)]
pub(super) struct Call<W> {
    pub(super) need: Need,
    pub(super) limit: Duration,
    /// Number of questions asked before the call.
    pub(super) asked_before: u64,
    pub(super) until: Instant,
    pub(super) waiter: W,
}

#[derive(Debug)]
pub(super) struct Calls<W> {
    open: Vec<Call<W>>,
    /// The earliest deadline of a call.
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

    pub(super) fn ask(&self, is_such: impl Fn(Need) -> bool) -> bool {
        self.open.iter().any(|call| is_such(call.need))
    }

    /// Returns the topics that calls wait for, and whether the cluster may create them.
    pub(super) fn topics(&self) -> impl Iterator<Item = (usize, bool)> {
        self.open.iter().filter_map(|call| match call.need {
            Need::Topic { index, creates } => Some((index, creates)),
            Need::Anything | Need::Everything => None,
        })
    }

    pub(super) fn next_event(&self) -> Option<Instant> {
        self.next
    }

    /// Removes the calls that have a result, and returns them with it.
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

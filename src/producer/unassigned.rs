//! Records without a partition: their topic or their partition is not known, or their caller has
//! yet to choose a partition for them or for earlier ones. Each topic has its own list, in order.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::delayed::Delayed;
use super::ticket::Ticket;

#[derive(Debug)]
pub(super) struct Unassigned<W> {
    /// Records that wait for metadata, in order; the deadlines are in the same order.
    unknown: BTreeMap<Ticket, Delayed<W>>,
    /// Records that wait for their caller, or behind others that do; in the same order.
    unplaced: BTreeMap<Ticket, Delayed<W>>,
    /// Records whose caller has not been asked yet. Some may be gone.
    to_ask: VecDeque<Ticket>,
}

impl<W> Default for Unassigned<W> {
    fn default() -> Self {
        Self { unknown: BTreeMap::new(), unplaced: BTreeMap::new(), to_ask: VecDeque::new() }
    }
}

impl<W> Unassigned<W> {
    /// Returns the number of records that wait for metadata.
    pub(super) fn unknown(&self) -> usize {
        self.unknown.len()
    }

    /// Returns the number of records that wait for their caller, or behind others that do.
    pub(super) fn unplaced(&self) -> usize {
        self.unplaced.len()
    }

    /// Returns the number of records with a smaller ticket.
    pub(super) fn before(&self, before: Ticket) -> usize {
        self.unknown.range(..before).count() + self.unplaced.range(..before).count()
    }

    pub(super) fn next_event(&self) -> Option<Instant> {
        let firsts = [self.first_unknown(), self.first_unplaced()];
        firsts.into_iter().flatten().map(|(_, delayed)| delayed.until).min()
    }

    pub(super) fn first_unknown(&self) -> Option<(Ticket, &Delayed<W>)> {
        self.unknown.first_key_value().map(|(ticket, delayed)| (*ticket, delayed))
    }

    pub(super) fn first_unplaced(&self) -> Option<(Ticket, &Delayed<W>)> {
        self.unplaced.first_key_value().map(|(ticket, delayed)| (*ticket, delayed))
    }

    pub(super) fn get_unknown(&self, ticket: Ticket) -> Option<&Delayed<W>> {
        self.unknown.get(&ticket)
    }

    pub(super) fn get_unplaced(&self, ticket: Ticket) -> Option<&Delayed<W>> {
        self.unplaced.get(&ticket)
    }

    pub(super) fn get_unplaced_mut(&mut self, ticket: Ticket) -> Option<&mut Delayed<W>> {
        self.unplaced.get_mut(&ticket)
    }

    pub(super) fn add_unknown(&mut self, ticket: Ticket, delayed: Delayed<W>) {
        self.unknown.insert(ticket, delayed);
    }

    /// Adds a record that waits for its caller if `asks`, or only behind others. Returns whether it
    /// is the first record whose caller must be asked.
    pub(super) fn add_unplaced(&mut self, ticket: Ticket, delayed: Delayed<W>, asks: bool) -> bool {
        let first = asks && self.to_ask.is_empty();
        if asks {
            self.to_ask.push_back(ticket);
        }
        self.unplaced.insert(ticket, delayed);
        first
    }

    pub(super) fn take_unknown(&mut self, ticket: Ticket) -> Option<Delayed<W>> {
        self.unknown.remove(&ticket)
    }

    pub(super) fn take(&mut self, ticket: Ticket) -> Option<Delayed<W>> {
        self.unknown.remove(&ticket).or_else(|| self.unplaced.remove(&ticket))
    }

    pub(super) fn pop(&mut self) -> Option<(Ticket, Delayed<W>)> {
        self.unknown.pop_first().or_else(|| self.unplaced.pop_first())
    }

    /// Returns the next record whose caller must be asked. Skips records that no longer wait for
    /// that.
    pub(super) fn next_to_ask(&mut self, waits: impl Fn(&Delayed<W>) -> bool) -> Option<Ticket> {
        while let Some(&ticket) = self.to_ask.front() {
            if self.unplaced.get(&ticket).is_some_and(&waits) {
                return Some(ticket);
            }
            self.to_ask.pop_front();
        }
        None
    }

    /// Marks that record's caller as asked.
    pub(super) fn asked(&mut self) {
        self.to_ask.pop_front();
    }
}

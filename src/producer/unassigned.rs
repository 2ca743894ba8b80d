//! Records that have no partition yet: their topic or their partition is not known, or their caller
//! has yet to place them or others before them. Each topic has the list of its own, in order.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::delayed::Delayed;
use super::ticket::Ticket;

#[derive(Debug)]
pub(super) struct Unassigned<W> {
    /// Those that wait for the cluster, in order, and so are their deadlines.
    unknown: BTreeMap<Ticket, Delayed<W>>,
    /// Those that wait for their caller, or behind others that do; likewise.
    unplaced: BTreeMap<Ticket, Delayed<W>>,
    /// Whom the caller has not been asked about yet; perhaps they are gone.
    to_ask: VecDeque<Ticket>,
}

impl<W> Default for Unassigned<W> {
    fn default() -> Self {
        Self { unknown: BTreeMap::new(), unplaced: BTreeMap::new(), to_ask: VecDeque::new() }
    }
}

impl<W> Unassigned<W> {
    /// How many wait for the cluster.
    pub(super) fn unknown(&self) -> usize {
        self.unknown.len()
    }

    /// How many wait for their caller, or behind others that do.
    pub(super) fn unplaced(&self) -> usize {
        self.unplaced.len()
    }

    /// How many have a smaller ticket.
    pub(super) fn before(&self, before: Ticket) -> usize {
        self.unknown.range(..before).count() + self.unplaced.range(..before).count()
    }

    /// When one has waited for too long.
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

    /// A record, if it waits for the cluster.
    pub(super) fn get_unknown(&self, ticket: Ticket) -> Option<&Delayed<W>> {
        self.unknown.get(&ticket)
    }

    /// A record, if it waits for its caller, or behind others that do.
    pub(super) fn get_unplaced(&self, ticket: Ticket) -> Option<&Delayed<W>> {
        self.unplaced.get(&ticket)
    }

    pub(super) fn get_unplaced_mut(&mut self, ticket: Ticket) -> Option<&mut Delayed<W>> {
        self.unplaced.get_mut(&ticket)
    }

    /// Adds a record that waits for the cluster.
    pub(super) fn add_unknown(&mut self, ticket: Ticket, delayed: Delayed<W>) {
        self.unknown.insert(ticket, delayed);
    }

    /// Adds a record that waits for its caller to be asked, or for no more than its turn. Returns
    /// whether this is the first record to ask about.
    pub(super) fn add_unplaced(&mut self, ticket: Ticket, delayed: Delayed<W>, asks: bool) -> bool {
        let first = asks && self.to_ask.is_empty();
        if asks {
            self.to_ask.push_back(ticket);
        }
        self.unplaced.insert(ticket, delayed);
        first
    }

    /// Takes out a record that waits for the cluster.
    pub(super) fn take_unknown(&mut self, ticket: Ticket) -> Option<Delayed<W>> {
        self.unknown.remove(&ticket)
    }

    /// Takes out a record, whatever it waits for.
    pub(super) fn take(&mut self, ticket: Ticket) -> Option<Delayed<W>> {
        self.unknown.remove(&ticket).or_else(|| self.unplaced.remove(&ticket))
    }

    /// Takes out any record.
    pub(super) fn pop(&mut self) -> Option<(Ticket, Delayed<W>)> {
        self.unknown.pop_first().or_else(|| self.unplaced.pop_first())
    }

    /// The next whose caller is to be asked. Those are passed over that do not wait for that any
    /// more.
    pub(super) fn next_to_ask(&mut self, waits: impl Fn(&Delayed<W>) -> bool) -> Option<Ticket> {
        while let Some(&ticket) = self.to_ask.front() {
            if self.unplaced.get(&ticket).is_some_and(&waits) {
                return Some(ticket);
            }
            self.to_ask.pop_front();
        }
        None
    }

    /// The caller of that one is asked now.
    pub(super) fn asked(&mut self) {
        self.to_ask.pop_front();
    }
}

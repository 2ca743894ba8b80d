//! Tickets of batches and waiting records: the order in which they were handed over, which of them
//! are unsettled, and the flushes that wait for them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

use super::ticket::Ticket;

#[derive(Debug)]
pub(super) struct Tickets<W> {
    next: Ticket,
    /// The tickets of unsettled batches and records, with the number of these.
    open: BTreeMap<Ticket, u32>,
    /// The waiters for everything with a smaller ticket to be settled.
    flushes: VecDeque<(Ticket, W)>,
}

impl<W> Default for Tickets<W> {
    fn default() -> Self {
        Self { next: 0, open: BTreeMap::new(), flushes: VecDeque::new() }
    }
}

impl<W> Tickets<W> {
    pub(super) fn issue(&mut self) -> Ticket {
        let ticket = self.issue_spent();
        self.keep(ticket);
        ticket
    }

    /// Issues the ticket of a record that is settled already. It must be unique: cancelling by it
    /// must not cancel another record.
    pub(super) fn issue_spent(&mut self) -> Ticket {
        let ticket = self.next;
        self.next += 1;
        ticket
    }

    /// Counts one more unsettled batch or record under a ticket.
    pub(super) fn keep(&mut self, ticket: Ticket) {
        *self.open.entry(ticket).or_default() += 1;
    }

    pub(super) fn forget(&mut self, ticket: Ticket) {
        if let Entry::Occupied(mut count) = self.open.entry(ticket) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }

    /// Adds a flush. Returns the first ticket that it does not wait for.
    pub(super) fn flush(&mut self, waiter: W) -> Ticket {
        self.flushes.push_back((self.next, waiter));
        self.next
    }

    /// Returns whether a flush waits for this ticket.
    pub(super) fn is_flushed(&self, ticket: Ticket) -> bool {
        self.flushes.back().is_some_and(|(before, _)| ticket < *before)
    }

    /// Removes a flush for which everything is settled.
    pub(super) fn pop_flush(&mut self) -> Option<W> {
        let (before, _) = self.flushes.front()?;
        if self.open.keys().next().is_some_and(|oldest| oldest < before) {
            return None;
        }
        self.flushes.pop_front().map(|(_, waiter)| waiter)
    }

    /// Returns whether everything is settled, flushes included.
    pub(super) fn is_idle(&self) -> bool {
        self.open.is_empty() && self.flushes.is_empty()
    }

    /// Clears everything, and returns the waiters of flushes.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = W> {
        self.open.clear();
        std::mem::take(&mut self.flushes).into_iter().map(|(_, waiter)| waiter)
    }
}

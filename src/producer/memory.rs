//! `buffer_memory`: the bytes that records use, and the memory queue. No record overtakes that
//! queue.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;

use super::delayed::Delayed;
use super::spares::Spares;
use super::ticket::Ticket;

#[derive(Debug)]
pub(super) struct Memory<W> {
    limit: usize,
    used: usize,
    /// Memory of ended batches, for reuse.
    spares: Spares,
    /// The memory queue, in order; the deadlines are in the same order.
    queue: BTreeMap<Ticket, Delayed<W>>,
    /// Waiters for records to leave the queue.
    admissions: BTreeMap<Ticket, Vec<W>>,
    /// Waiters whose record has left the queue.
    admitted: Vec<W>,
    /// Waiters for room for all-or-nothing batches, with their topics. The keys are the size of the
    /// batch and the order of arrival.
    wholes: BTreeMap<(usize, u64), (usize, W)>,
    next_whole: u64,
}

impl<W> Memory<W> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            used: 0,
            spares: Spares::default(),
            queue: BTreeMap::new(),
            admissions: BTreeMap::new(),
            admitted: Vec::new(),
            wholes: BTreeMap::new(),
            next_whole: 0,
        }
    }

    /// Returns whether `size` bytes can be accepted now: they fit, and the queue is empty.
    pub(super) fn has_room(&self, size: usize) -> bool {
        self.queue.is_empty() && self.fits(size)
    }

    /// Returns how many bytes can be accepted now; none while records are queued.
    fn room(&self) -> usize {
        if self.queue.is_empty() { self.limit.saturating_sub(self.used) } else { 0 }
    }

    fn fits(&self, size: usize) -> bool {
        self.used + size <= self.limit
    }

    pub(super) fn used(&self) -> usize {
        self.used
    }

    pub(super) fn charge(&mut self, bytes: usize) {
        self.used += bytes;
    }

    pub(super) fn release(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.used, "what is released was charged before");
        self.used -= bytes;
    }

    /// Returns empty memory for a batch; see [`Spares::take`].
    pub(super) fn allocate(&mut self, capacity: usize) -> Option<Vec<u8>> {
        self.spares.take(capacity)
    }

    pub(super) fn recycle(&mut self, memory: Bytes) {
        self.spares.give(memory);
    }

    // -- the queue ----------------------------------------------------------------------------

    /// Returns whether records wait for room.
    pub(super) fn has_waiting_records(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Returns the number of records that wait for room.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Returns how many of them have a smaller ticket.
    pub(super) fn waiting_before(&self, before: Ticket) -> usize {
        self.queue.range(..before).count()
    }

    pub(super) fn is_waiting(&self, ticket: Ticket) -> bool {
        self.queue.contains_key(&ticket)
    }

    pub(super) fn next_event(&self) -> Option<Instant> {
        self.queue.first_key_value().map(|(_, delayed)| delayed.until)
    }

    /// Adds a record to the queue.
    pub(super) fn wait(&mut self, ticket: Ticket, delayed: Delayed<W>) {
        self.queue.insert(ticket, delayed);
    }

    /// Removes a record from the queue.
    pub(super) fn leave(&mut self, ticket: Ticket) -> Option<Delayed<W>> {
        let delayed = self.queue.remove(&ticket)?;
        self.admitted.extend(self.admissions.remove(&ticket).into_iter().flatten());
        Some(delayed)
    }

    pub(super) fn pop(&mut self) -> Option<(Ticket, Delayed<W>)> {
        let (&ticket, _) = self.queue.first_key_value()?;
        self.leave(ticket).map(|delayed| (ticket, delayed))
    }

    pub(super) fn pop_fitting(&mut self) -> Option<(Ticket, Delayed<W>)> {
        let (_, first) = self.queue.first_key_value()?;
        if self.fits(first.record.size()) { self.pop() } else { None }
    }

    // -- waiters for the queue ------------------------------------------------------------------

    /// Completes `waiter` once a record has left the queue.
    pub(super) fn when_admitted(&mut self, ticket: Ticket, waiter: W) {
        if self.is_waiting(ticket) {
            self.admissions.entry(ticket).or_default().push(waiter);
        } else {
            self.admitted.push(waiter);
        }
    }

    /// Returns whether a waiter waits for an all-or-nothing batch, or for a record that has left
    /// the queue.
    pub(super) fn has_calls(&self) -> bool {
        !self.admitted.is_empty() || !self.wholes.is_empty()
    }

    /// Removes the waiters whose record has left the queue.
    pub(super) fn admitted(&mut self) -> impl Iterator<Item = W> {
        self.admitted.drain(..)
    }

    /// Completes `waiter` once there is room for an all-or-nothing batch of a topic.
    pub(super) fn when_whole_fits(&mut self, topic: usize, size: usize, waiter: W) {
        self.wholes.insert((size, self.next_whole), (topic, waiter));
        self.next_whole += 1;
    }

    /// Returns whether an all-or-nothing batch of a topic waits for room.
    pub(super) fn has_whole_of(&self, topic: usize) -> bool {
        self.wholes.values().any(|(of, _)| *of == topic)
    }

    /// Removes and returns, with their topics, the waiters of all-or-nothing batches that fit and
    /// whose topic is `ready`; all if `all`. The map begins with the smallest, so a full memory is
    /// noticed at once.
    pub(super) fn fitting_wholes(
        &mut self,
        all: bool,
        ready: impl Fn(usize) -> bool,
    ) -> Vec<(usize, W)> {
        let room = if all { usize::MAX } else { self.room() };
        let fitting = self.wholes.range(..=(room, u64::MAX));
        let fitting = fitting.filter(|(_, (topic, _))| all || ready(*topic));
        let mut keys: Vec<_> = fitting.map(|(key, _)| *key).collect();
        keys.sort_unstable_by_key(|(_, came)| *came);
        keys.iter().filter_map(|key| self.wholes.remove(key)).collect()
    }

    /// Removes all waiters except those of records.
    pub(super) fn take_calls(&mut self) -> impl Iterator<Item = W> {
        let wholes = std::mem::take(&mut self.wholes).into_values().map(|(_, waiter)| waiter);
        let admissions = std::mem::take(&mut self.admissions).into_values().flatten();
        wholes.chain(admissions).chain(std::mem::take(&mut self.admitted))
    }
}

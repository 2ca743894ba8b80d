//! `buffer_memory`: how much of it records use, and the queue of records that wait for some. No
//! record overtakes that queue.

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
    /// Memory of batches that have ended, for others.
    spares: Spares,
    /// Records that wait for room, in order, and so are their deadlines.
    queue: BTreeMap<Ticket, Delayed<W>>,
    /// The waiters for a record to leave the queue.
    admissions: BTreeMap<Ticket, Vec<W>>,
    /// Those whose record is not.
    admitted: Vec<W>,
    /// The waiters for room for records that are to be one batch, by how much they need and by the
    /// order in which they came, with their topic.
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

    /// Whether so many bytes can be taken in now, past an empty queue.
    pub(super) fn has_room(&self, size: usize) -> bool {
        self.queue.is_empty() && self.fits(size)
    }

    /// How many bytes can be taken in now, past an empty queue.
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

    /// Empty memory for a batch; see [`Spares::take`].
    pub(super) fn allocate(&mut self, capacity: usize) -> Option<Vec<u8>> {
        self.spares.take(capacity)
    }

    /// Takes the memory of a batch that has ended.
    pub(super) fn recycle(&mut self, memory: Bytes) {
        self.spares.give(memory);
    }

    // -- the queue ----------------------------------------------------------------------------

    /// Whether records wait for room.
    pub(super) fn is_short(&self) -> bool {
        !self.queue.is_empty()
    }

    /// How many records wait for room.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// How many of them have a smaller ticket.
    pub(super) fn waiting_before(&self, before: Ticket) -> usize {
        self.queue.range(..before).count()
    }

    pub(super) fn is_waiting(&self, ticket: Ticket) -> bool {
        self.queue.contains_key(&ticket)
    }

    /// When the first record of the queue has waited for too long.
    pub(super) fn next_event(&self) -> Option<Instant> {
        self.queue.first_key_value().map(|(_, delayed)| delayed.until)
    }

    /// Adds a record to the queue.
    pub(super) fn wait(&mut self, ticket: Ticket, delayed: Delayed<W>) {
        self.queue.insert(ticket, delayed);
    }

    /// Takes a record out of the queue.
    pub(super) fn leave(&mut self, ticket: Ticket) -> Option<Delayed<W>> {
        let delayed = self.queue.remove(&ticket)?;
        self.admitted.extend(self.admissions.remove(&ticket).into_iter().flatten());
        Some(delayed)
    }

    /// Takes the first out of the queue, whether there is room for it or not.
    pub(super) fn pop(&mut self) -> Option<(Ticket, Delayed<W>)> {
        let (&ticket, _) = self.queue.first_key_value()?;
        self.leave(ticket).map(|delayed| (ticket, delayed))
    }

    /// Takes the first out of the queue if there is room for it.
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

    /// Whether a waiter waits for room for a whole, or for a record that has left the queue.
    pub(super) fn has_calls(&self) -> bool {
        !self.admitted.is_empty() || !self.wholes.is_empty()
    }

    /// The waiters whose record has left the queue.
    pub(super) fn admitted(&mut self) -> impl Iterator<Item = W> {
        self.admitted.drain(..)
    }

    /// Completes `waiter` once there is room for a whole of a topic.
    pub(super) fn when_whole_fits(&mut self, topic: usize, size: usize, waiter: W) {
        self.wholes.insert((size, self.next_whole), (topic, waiter));
        self.next_whole += 1;
    }

    /// Whether a whole of a topic waits for room.
    pub(super) fn has_whole_of(&self, topic: usize) -> bool {
        self.wholes.values().any(|(of, _)| *of == topic)
    }

    /// Takes out the waiters of wholes that there is room for, with their topics, of topics that are
    /// `ready`; all if `all`. The smallest come first, so that a full memory is seen at once.
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

    /// Takes out all who wait for anything but a record.
    pub(super) fn take_calls(&mut self) -> impl Iterator<Item = W> {
        let wholes = std::mem::take(&mut self.wholes).into_values().map(|(_, waiter)| waiter);
        let admissions = std::mem::take(&mut self.admissions).into_values().flatten();
        wholes.chain(admissions).chain(std::mem::take(&mut self.admitted))
    }
}

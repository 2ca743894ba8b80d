//! A producer's state of a topic: its partitions' queues, and the records without a partition.

use std::collections::VecDeque;

use crate::producer::metrics::RecordMetrics;
use crate::producer::partition::Partition;
use crate::producer::partitioner::Spread;
use crate::producer::sequence::Sequence;
use crate::producer::ticket::Ticket;

#[derive(Debug)]
pub(in crate::producer) struct TopicQueues<W> {
    /// Number of partitions that records may go to, by cached metadata.
    pub(in crate::producer) count: usize,
    /// Partitions by index. Those past the topic's own belonged to a deleted topic of the same
    /// name; their batches in flight keep their place.
    pub(in crate::producer) partitions: Vec<Partition<W>>,
    pub(in crate::producer) spread: Spread,
    /// The tickets of records without a partition, in order: the topic is not known, or the caller
    /// has yet to choose a partition for the first of them.
    pub(super) unassigned: VecDeque<Ticket>,
    /// Whether the topic stores the broker's clock instead of the records' own timestamps.
    keeps_append_time: bool,
    pub(in crate::producer) records: RecordMetrics,
    /// Number of answered calls about it.
    answered: u64,
}

impl<W> Default for TopicQueues<W> {
    fn default() -> Self {
        Self {
            count: 0,
            partitions: Vec::new(),
            spread: Spread::default(),
            unassigned: VecDeque::new(),
            keeps_append_time: false,
            records: RecordMetrics::default(),
            answered: 0,
        }
    }
}

impl<W> TopicQueues<W> {
    /// Returns the partitions that records may go to.
    #[inline]
    pub(in crate::producer) fn usable(&self) -> &[Partition<W>] {
        &self.partitions[..self.count]
    }

    /// Creates queues up to this number of partitions.
    pub(in crate::producer) fn reach(&mut self, partitions: usize, first: Sequence) {
        while self.partitions.len() < partitions {
            self.partitions.push(Partition::new(first));
        }
    }

    /// Counts an answered call about it: its caller may use the topic soon.
    pub(in crate::producer) fn answered(&mut self) {
        self.answered += 1;
    }

    /// Returns how often it was used so far.
    pub(in crate::producer) fn uses(&self) -> u64 {
        self.records.handed_over + self.answered
    }

    /// Returns the broker's clock for a stored batch, if the topic stores that.
    pub(in crate::producer) fn append_time(
        &mut self,
        said: Option<i64>,
        is_first_try: bool,
    ) -> Option<i64> {
        if is_first_try {
            self.keeps_append_time = said.is_some();
        }
        // For a duplicate, brokers return the largest timestamp as if it were their clock's.
        said.filter(|_| self.keeps_append_time)
    }

    /// Returns whether there are records without a partition.
    #[inline]
    pub(in crate::producer) fn has_unassigned(&self) -> bool {
        !self.unassigned.is_empty()
    }

    /// Returns the tickets of these records, in order.
    pub(in crate::producer) fn unassigned(&self) -> impl Iterator<Item = Ticket> {
        self.unassigned.iter().copied()
    }

    /// Removes a ticket from the list of records without a partition. It is nearly always the
    /// first, or the last where several are cancelled.
    pub(super) fn remove_unassigned(&mut self, ticket: Ticket) {
        let unassigned = &mut self.unassigned;
        if unassigned.front() == Some(&ticket) {
            unassigned.pop_front();
        } else if unassigned.back() == Some(&ticket) {
            unassigned.pop_back();
        } else {
            unassigned.retain(|other| *other != ticket);
        }
    }
}

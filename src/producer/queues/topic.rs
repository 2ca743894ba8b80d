//! What a producer keeps of a topic: its partitions' queues, and the records that have no partition
//! yet.

use std::collections::VecDeque;

use crate::producer::metrics::RecordMetrics;
use crate::producer::partition::Partition;
use crate::producer::partitioner::Spread;
use crate::producer::sequence::Sequence;
use crate::producer::ticket::Ticket;

#[derive(Debug)]
pub(in crate::producer) struct TopicQueues<W> {
    /// How many partitions records may go to; the cluster says so.
    pub(in crate::producer) count: usize,
    /// Partitions by their index. Those past the count of the topic belonged to one of the same
    /// name that was deleted; what is in flight to them keeps its place.
    pub(in crate::producer) partitions: Vec<Partition<W>>,
    pub(in crate::producer) spread: Spread,
    /// The tickets of records that are in no partition yet, in order: the topic is not known, or
    /// the caller has yet to say where the first of them goes.
    pub(super) unassigned: VecDeque<Ticket>,
    /// Whether it keeps the broker's clock in place of the records' own timestamps.
    keeps_append_time: bool,
    /// How many records were handed over for it, and how they ended.
    pub(in crate::producer) records: RecordMetrics,
    /// How many calls were answered that asked about it.
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
    /// The partitions that records may go to.
    #[inline]
    pub(in crate::producer) fn usable(&self) -> &[Partition<W>] {
        &self.partitions[..self.count]
    }

    /// Has a queue for each of so many partitions.
    pub(in crate::producer) fn reach(&mut self, partitions: usize, first: Sequence) {
        while self.partitions.len() < partitions {
            self.partitions.push(Partition::new(first));
        }
    }

    /// A call that asked about it was answered: its caller may use the topic soon.
    pub(in crate::producer) fn answered(&mut self) {
        self.answered += 1;
    }

    /// How often it was used so far.
    pub(in crate::producer) fn uses(&self) -> u64 {
        self.records.handed_over + self.answered
    }

    /// The broker's clock for a batch that was stored, if the topic keeps that.
    pub(in crate::producer) fn append_time(
        &mut self,
        said: Option<i64>,
        is_first_try: bool,
    ) -> Option<i64> {
        if is_first_try {
            self.keeps_append_time = said.is_some();
        }
        // For a repetition, brokers answer the largest timestamp as if it were their clock's.
        said.filter(|_| self.keeps_append_time)
    }

    /// Whether records are in no partition yet.
    #[inline]
    pub(in crate::producer) fn has_unassigned(&self) -> bool {
        !self.unassigned.is_empty()
    }

    /// The tickets of those records, in order.
    pub(in crate::producer) fn unassigned(&self) -> impl Iterator<Item = Ticket> {
        self.unassigned.iter().copied()
    }

    /// Takes a ticket off the list of records without a partition; it is nearly always the first,
    /// or the last where several are un-sent.
    pub(super) fn strike(&mut self, ticket: Ticket) {
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

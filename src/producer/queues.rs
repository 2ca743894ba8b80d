//! The queues of all topics, by the topic's index in the cluster. Partitions and topics with
//! records are listed, so that no operation has to visit every topic.

mod topic;

use std::collections::BTreeSet;
use std::ops::{Index, IndexMut};

pub(super) use self::topic::TopicQueues;
use super::partition::{Batch, Partition};
use super::ticket::Ticket;
use crate::cluster::Place;

/// A list up to this length is not worth tidying.
const TIDY_THRESHOLD: usize = 8;

#[derive(Debug)]
pub(super) struct Queues<W> {
    topics: Vec<TopicQueues<W>>,
    /// Partitions that have batches, and some whose last batch has ended since.
    busy: Vec<Place>,
    /// The length of that list when it was last tidied.
    tidied: usize,
    /// Topics with records that have no partition yet.
    unassigned: BTreeSet<usize>,
}

impl<W> Default for Queues<W> {
    fn default() -> Self {
        Self { topics: Vec::new(), busy: Vec::new(), tidied: 0, unassigned: BTreeSet::new() }
    }
}

impl<W> Queues<W> {
    /// Creates queues for the topic with this index, unless it has them.
    #[inline]
    pub(super) fn reach(&mut self, topic: usize) {
        if topic >= self.topics.len() {
            self.topics.resize_with(topic + 1, TopicQueues::default);
        }
    }

    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, TopicQueues<W>> {
        self.topics.iter_mut()
    }

    #[inline]
    pub(super) fn partition(&mut self, place: Place) -> &mut Partition<W> {
        &mut self[place.topic].partitions[place.partition]
    }

    /// Returns a partition, unless its topic was forgotten.
    pub(super) fn get_partition(&mut self, place: Place) -> Option<&mut Partition<W>> {
        self.topics.get_mut(place.topic)?.partitions.get_mut(place.partition)
    }

    /// Returns whether nothing of a topic is queued, in flight or awaited, and only sequence
    /// numbers are lost if it is forgotten.
    pub(super) fn is_idle(&self, topic: usize) -> bool {
        let topic = &self.topics[topic];
        topic.records.unsettled() == 0 && topic.partitions.iter().all(Partition::is_idle)
    }

    /// Forgets an idle topic, after [`Self::tidy`]: its partitions are in no list.
    pub(super) fn forget(&mut self, topic: usize) -> TopicQueues<W> {
        std::mem::take(&mut self.topics[topic])
    }

    // -- batches ------------------------------------------------------------------------------

    /// Adds a batch that takes records from now on.
    pub(super) fn open(&mut self, place: Place, batch: Batch<W>) {
        self.list(place);
        self.partition(place).open(batch);
    }

    /// Adds an all-or-nothing batch.
    pub(super) fn push(&mut self, place: Place, batch: Batch<W>) {
        self.list(place);
        self.partition(place).push(batch);
    }

    fn list(&mut self, place: Place) {
        if self.partition(place).marks.is_listed {
            return;
        }
        // Every question to the cluster walks the list. A flush tidies it; without flushes, the
        // cost of each new topic would grow with the number of topics before it.
        if self.busy.len() >= 2 * self.tidied.max(TIDY_THRESHOLD) {
            self.tidy();
        }
        self.partition(place).marks.is_listed = true;
        self.busy.push(place);
    }

    /// Returns the partitions with batches, in order.
    pub(super) fn busy(&mut self) -> Vec<Place> {
        self.tidy();
        self.busy.clone()
    }

    /// Removes the partitions that have no batch any more from the list.
    pub(super) fn tidy(&mut self) {
        let topics = &mut self.topics;
        self.busy.retain(|place| {
            let partition = &mut topics[place.topic].partitions[place.partition];
            partition.marks.is_listed = !partition.is_empty();
            partition.marks.is_listed
        });
        self.busy.sort_unstable();
        self.tidied = self.busy.len();
    }

    /// Returns the partitions with batches, in no order.
    pub(super) fn each_busy(&self) -> impl Iterator<Item = (Place, &Partition<W>)> {
        let places = self.busy.iter();
        let partitions =
            places.map(|place| (*place, &self.topics[place.topic].partitions[place.partition]));
        partitions.filter(|(_, partition)| !partition.is_empty())
    }

    // -- records without a partition ----------------------------------------------------------

    /// Adds a record to its topic's list of records without a partition.
    pub(super) fn add_unassigned(&mut self, topic: usize, ticket: Ticket) {
        let tickets = &mut self.topics[topic].unassigned;
        tickets.push_back(ticket);
        if tickets.len() == 1 {
            self.unassigned.insert(topic);
        }
    }

    pub(super) fn first_unassigned(&self, topic: usize) -> Option<Ticket> {
        self.topics[topic].unassigned.front().copied()
    }

    pub(super) fn pop_unassigned(&mut self, topic: usize) -> Option<Ticket> {
        let ticket = self.topics[topic].unassigned.pop_front();
        self.unlist_assigned(topic);
        ticket
    }

    /// Removes a record from that list.
    pub(super) fn remove_unassigned(&mut self, topic: usize, ticket: Ticket) {
        self.topics[topic].remove_unassigned(ticket);
        self.unlist_assigned(topic);
    }

    fn unlist_assigned(&mut self, topic: usize) {
        if !self.topics[topic].has_unassigned() {
            self.unassigned.remove(&topic);
        }
    }

    /// Returns the topics with such records, in order.
    pub(super) fn topics_unassigned(&self) -> Vec<usize> {
        self.unassigned.iter().copied().collect()
    }

    /// Returns the topics with unsettled records in batches or without a partition, in order.
    pub(super) fn topics_with_records(&self) -> BTreeSet<usize> {
        let busy = self.each_busy().filter(|(_, partition)| partition.has_records());
        busy.map(|(place, _)| place.topic).chain(self.unassigned.iter().copied()).collect()
    }
}

impl<W> Index<usize> for Queues<W> {
    type Output = TopicQueues<W>;

    #[inline]
    fn index(&self, index: usize) -> &TopicQueues<W> {
        &self.topics[index]
    }
}

impl<W> IndexMut<usize> for Queues<W> {
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut TopicQueues<W> {
        &mut self.topics[index]
    }
}

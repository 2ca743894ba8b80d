//! The queues of all topics, by the topic's index in the cluster.

use std::ops::{Index, IndexMut};

use super::partition::Partition;
use super::topic::Topic;
use crate::cluster::Place;

#[derive(Debug)]
pub(super) struct Queues<W> {
    topics: Vec<Topic<W>>,
}

impl<W> Default for Queues<W> {
    fn default() -> Self {
        Self { topics: Vec::new() }
    }
}

impl<W> Queues<W> {
    /// Has queues for the topic with this index.
    #[inline]
    pub(super) fn reach(&mut self, topic: usize) {
        if topic >= self.topics.len() {
            self.topics.resize_with(topic + 1, Topic::default);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.topics.len()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Topic<W>> {
        self.topics.iter()
    }

    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Topic<W>> {
        self.topics.iter_mut()
    }

    #[inline]
    pub(super) fn partition(&mut self, place: Place) -> &mut Partition<W> {
        &mut self[place.topic].partitions[place.partition]
    }
}

impl<W> Index<usize> for Queues<W> {
    type Output = Topic<W>;

    #[inline]
    fn index(&self, index: usize) -> &Topic<W> {
        &self.topics[index]
    }
}

impl<W> IndexMut<usize> for Queues<W> {
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut Topic<W> {
        &mut self.topics[index]
    }
}

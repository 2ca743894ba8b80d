//! The topics of the client, by index and by name.

use std::sync::Arc;

use super::topic::{Leader, News, Succession, Topic};
use super::{Cluster, Place};
use crate::protocol::MetadataTopic;

impl Cluster {
    /// Returns a topic's index, if it is known.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Returns the index of a record's topic. Most records have the same topic as the one before.
    #[inline]
    pub(crate) fn look_up(&mut self, name: &str) -> Option<usize> {
        if self.topics.get(self.last).is_some_and(|topic| &**topic.name() == name) {
            return Some(self.last);
        }
        let index = self.find(name)?;
        self.last = index;
        Some(index)
    }

    /// Adds a topic, and returns its index.
    pub(crate) fn add(&mut self, name: &str) -> usize {
        let topic = Topic::new(Arc::from(name));
        let index = self.free.pop_first().unwrap_or(self.topics.len());
        self.by_name.insert(Arc::clone(topic.name()), index);
        match self.topics.get_mut(index) {
            Some(free) => *free = topic,
            None => self.topics.push(topic),
        }
        index
    }

    /// Forgets a topic. Its index may be reused.
    pub(crate) fn forget(&mut self, index: usize) {
        let topic = std::mem::replace(&mut self.topics[index], Topic::new(Arc::from("")));
        self.by_name.remove(topic.name());
        self.free.insert(index);
        if self.last == index {
            // A lookup of another name must not find the freed entry.
            self.last = usize::MAX;
        }
    }

    #[inline]
    pub(crate) fn topic(&self, index: usize) -> &Topic {
        &self.topics[index]
    }

    /// Returns a shared copy of a topic's name.
    #[inline]
    pub(crate) fn name_of(&self, index: usize) -> Arc<str> {
        Arc::clone(self.topics[index].name())
    }

    pub(crate) fn indices(&self) -> impl Iterator<Item = usize> {
        self.indices_from(0)
    }

    pub(super) fn indices_from(&self, first: usize) -> impl Iterator<Item = usize> {
        (first..self.topics.len()).filter(|index| !self.free.contains(index))
    }

    pub(super) fn len(&self) -> usize {
        self.topics.len() - self.free.len()
    }

    pub(crate) fn topics(&self) -> std::slice::Iter<'_, Topic> {
        self.topics.iter()
    }

    #[inline]
    pub(crate) fn leader(&self, place: Place) -> Leader {
        self.topics[place.topic].leader(place.partition)
    }

    /// Whether a partition belonged to a deleted topic of the same name. A later answer must
    /// confirm it.
    #[inline]
    pub(crate) fn is_deleted(&self, place: Place) -> bool {
        self.topics[place.topic].is_deleted(place.partition)
    }

    /// Applies what an answer says about a topic; the leaders follow separately. Requests a refresh
    /// if the answer may come from a broker with outdated metadata.
    pub(crate) fn take_in(&mut self, index: usize, described: &MetadataTopic) -> News {
        let question = self.asked();
        let (news, is_doubtful) = self.topics[index].take_in(described, question);
        if is_doubtful {
            self.want();
        }
        news
    }

    /// Applies the leader of a partition, unless the answer is older than what is known.
    pub(crate) fn follow(&mut self, place: Place, leader: Leader) -> Option<Succession> {
        self.topics[place.topic].follow(place.partition, leader)
    }

    /// Updates the list of partitions with a leader.
    pub(crate) fn list_led(&mut self, topic: usize) {
        self.topics[topic].list_led();
    }
}

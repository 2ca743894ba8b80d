//! The topics that the client has named, by their index and by their name.

use std::collections::HashMap;
use std::sync::Arc;

use super::backoff::Backoff;
use super::questions::Questions;
use super::topic::{Leader, News, Succession, Topic};
use crate::config::Config;
use crate::protocol::MetadataTopic;

/// A partition of a topic, by their indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) topic: usize,
    pub(crate) partition: usize,
}

/// What a client knows of its cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    topics: Vec<Topic>,
    by_name: HashMap<Arc<str>, usize, foldhash::fast::FixedState>,
    /// The topic that was looked up last.
    last: usize,
    pub(super) questions: Questions,
}

impl Cluster {
    /// A cluster of which nothing is known yet.
    pub(crate) fn new(config: &Config, backoff: Backoff) -> Self {
        Self {
            topics: Vec::new(),
            by_name: HashMap::default(),
            last: 0,
            questions: Questions::new(config, backoff),
        }
    }

    /// A topic's index, if it was named before.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The same for a record. Most records go where the one before went.
    #[inline]
    pub(crate) fn look_up(&mut self, name: &str) -> Option<usize> {
        if self.topics.get(self.last).is_some_and(|topic| &**topic.name() == name) {
            return Some(self.last);
        }
        let index = self.find(name)?;
        self.last = index;
        Some(index)
    }

    /// A topic's index. A topic that was never named before is added.
    pub(crate) fn named(&mut self, name: &str) -> usize {
        if let Some(index) = self.look_up(name) {
            return index;
        }
        let index = self.topics.len();
        let name = Arc::from(name);
        self.by_name.insert(Arc::clone(&name), index);
        self.topics.push(Topic::new(name));
        index
    }

    #[inline]
    pub(crate) fn topic(&self, index: usize) -> &Topic {
        &self.topics[index]
    }

    /// A topic's name, to keep.
    #[inline]
    pub(crate) fn name_of(&self, index: usize) -> Arc<str> {
        Arc::clone(self.topics[index].name())
    }

    /// The indices of all topics.
    pub(crate) fn indices(&self) -> std::ops::Range<usize> {
        0..self.topics.len()
    }

    pub(crate) fn topics(&self) -> std::slice::Iter<'_, Topic> {
        self.topics.iter()
    }

    #[inline]
    pub(crate) fn leader(&self, place: Place) -> Leader {
        self.topics[place.topic].leader(place.partition)
    }

    /// Whether a partition belonged to a topic of the same name that was deleted.
    #[inline]
    pub(crate) fn has_lost(&self, place: Place) -> bool {
        self.topics[place.topic].has_lost(place.partition)
    }

    /// Takes over what an answer says of a topic; the leaders follow one by one. Asks again if the
    /// answer may come from a broker that lags behind.
    pub(crate) fn take_in(&mut self, index: usize, described: &MetadataTopic) -> News {
        let question = self.asked();
        let (news, is_doubtful) = self.topics[index].take_in(described, question);
        if is_doubtful {
            self.want();
        }
        news
    }

    /// Takes over the leader of a partition, unless the news is older than what is known.
    pub(crate) fn follow(&mut self, place: Place, leader: Leader) -> Option<Succession> {
        self.topics[place.topic].follow(place.partition, leader)
    }

    /// Takes note of which partitions of a topic have a leader now.
    pub(crate) fn list_led(&mut self, topic: usize) {
        self.topics[topic].list_led();
    }
}

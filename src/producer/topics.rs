//! All topics that anybody has named, by their index and by their name.

use std::collections::HashMap;
use std::ops::{Index, IndexMut};
use std::sync::Arc;

use super::topic::{Partition, Place, Topic};

#[derive(Debug)]
pub(super) struct Topics<W> {
    by_index: Vec<Topic<W>>,
    by_name: HashMap<Arc<str>, usize, foldhash::fast::FixedState>,
    /// The one that was looked up last.
    last: usize,
}

impl<W> Default for Topics<W> {
    fn default() -> Self {
        Self { by_index: Vec::new(), by_name: HashMap::default(), last: 0 }
    }
}

impl<W> Topics<W> {
    /// A topic's index, if anybody has named it before.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The same for a record. Most go where the last one went.
    #[inline]
    pub(super) fn look_up(&mut self, name: &str) -> Option<usize> {
        if self.by_index.get(self.last).is_some_and(|topic| &*topic.name == name) {
            return Some(self.last);
        }
        let index = self.find(name)?;
        self.last = index;
        Some(index)
    }

    /// A topic's index; it is added if nobody has named it before.
    pub(super) fn named(&mut self, name: &str) -> usize {
        if let Some(index) = self.look_up(name) {
            return index;
        }
        let index = self.by_index.len();
        let topic = Topic::new(name.into());
        self.by_name.insert(Arc::clone(&topic.name), index);
        self.by_index.push(topic);
        index
    }

    pub(super) fn len(&self) -> usize {
        self.by_index.len()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Topic<W>> {
        self.by_index.iter()
    }

    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Topic<W>> {
        self.by_index.iter_mut()
    }

    pub(super) fn partition(&mut self, place: Place) -> &mut Partition<W> {
        &mut self[place.topic].partitions[place.partition]
    }

    pub(super) fn name_of(&self, topic: usize) -> Arc<str> {
        Arc::clone(&self[topic].name)
    }
}

impl<W> Index<usize> for Topics<W> {
    type Output = Topic<W>;

    #[inline]
    fn index(&self, index: usize) -> &Topic<W> {
        &self.by_index[index]
    }
}

impl<W> IndexMut<usize> for Topics<W> {
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut Topic<W> {
        &mut self.by_index[index]
    }
}

//! Limits the memory of all partitions: the oldest batches are evicted first.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Topic;
use crate::broker::log::StoredBatch;

/// The retained batches, in the order in which they were appended.
#[derive(Debug)]
pub(super) struct Retention {
    limit: usize,
    held: usize,
    /// Topic, partition, and the offset after each batch. Some batches may be deleted already.
    batches: VecDeque<(Arc<str>, i32, i64)>,
}

impl Retention {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, held: 0, batches: VecDeque::new() }
    }

    pub(super) fn appended(&mut self, topic: Arc<str>, index: i32, next_offset: i64, size: usize) {
        self.held += size;
        self.batches.push_back((topic, index, next_offset));
    }

    /// If the limit is exceeded, returns the next partition to evict from, and the offset before
    /// which to delete its records.
    pub(super) fn next_to_evict(&mut self) -> Option<(Arc<str>, i32, i64)> {
        // Never evict the newest batch, however large it is.
        if self.held <= self.limit || self.batches.len() < 2 {
            return None;
        }
        self.batches.pop_front()
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn evicted(&mut self, size: usize) {
        self.held -= size;
    }

    pub(super) fn topic_deleted(&mut self, name: &str, topic: &Topic) {
        let logs = topic.partitions.iter().map(|partition| &partition.log);
        let batches = logs.flat_map(|log| log.batches_from(0));
        self.held -= batches.map(StoredBatch::size).sum::<usize>();
        // Otherwise a new topic with this name would lose records to these entries.
        self.batches.retain(|(of, ..)| **of != *name);
    }
}

//! Bounded memory: the oldest batches of all partitions go first.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Topic;
use crate::broker::log::StoredBatch;

/// What is kept, in the order in which it came.
#[derive(Debug)]
pub(super) struct Retention {
    limit: usize,
    held: usize,
    /// Topic, partition, and the offset behind each batch. Some of them may be gone already.
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

    /// The partition whose records before an offset are to be deleted next, if too much is held.
    pub(super) fn next_to_go(&mut self) -> Option<(Arc<str>, i32, i64)> {
        // What came last stays, however large it is.
        if self.held <= self.limit || self.batches.len() < 2 {
            return None;
        }
        self.batches.pop_front()
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn forgot(&mut self, size: usize) {
        self.held -= size;
    }

    pub(super) fn deleted(&mut self, name: &str, topic: &Topic) {
        let logs = topic.partitions.iter().map(|partition| &partition.log);
        let batches = logs.flat_map(|log| log.batches_from(0));
        self.held -= batches.map(StoredBatch::size).sum::<usize>();
        // Another topic of that name must not lose its records for this one's.
        self.batches.retain(|(of, ..)| **of != *name);
    }
}

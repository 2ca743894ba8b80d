//! Committed records, as a consumer would read them, for the checks at the end of a run.

use dekaf::broker::log::StoredBatch;
use dekaf::record::DecodedRecord;

use super::{Cluster, Partition, TopicId};

/// Everything that was ever committed to a partition of one incarnation of a topic. Includes
/// deleted records and deleted topics.
#[derive(Debug, Clone)]
pub(crate) struct StoredLog {
    pub(crate) topic: String,
    pub(crate) topic_id: TopicId,
    pub(crate) partition: i32,
    pub(crate) batches: Vec<StoredBatch>,
}

impl StoredLog {
    /// Returns the records with their offsets.
    pub(crate) fn records(&self) -> impl Iterator<Item = (i64, DecodedRecord)> {
        self.batches.iter().flat_map(|batch| batch.records().expect("batches that can be read"))
    }
}

impl Cluster {
    pub(crate) fn committed(&self, topic_id: TopicId, index: i32) -> Option<StoredLog> {
        let partition = (topic_id, index);
        let history = self.history.get(&partition)?;
        let replicas = self.nodes.iter().filter_map(|node| node.replicas.get(&partition));
        let best = replicas.chain(&history.last).max_by_key(|replica| replica.high_watermark);
        let mut batches = history.deleted.clone();
        let known = batches.last().map_or(0, StoredBatch::next_offset);
        let end = best.map_or(0, |best| best.high_watermark);
        let present = best.into_iter().flat_map(|best| best.log.batches_from(known));
        batches.extend(present.take_while(|batch| batch.next_offset() <= end).cloned());
        Some(StoredLog { topic: history.topic.clone(), topic_id, partition: index, batches })
    }

    /// Returns everything that was committed, for all partitions that ever existed.
    pub(crate) fn all_committed(&self) -> Vec<StoredLog> {
        let partitions: Vec<Partition> = self.history.keys().copied().collect();
        partitions.into_iter().filter_map(|(id, index)| self.committed(id, index)).collect()
    }
}

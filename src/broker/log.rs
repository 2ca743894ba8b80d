//! The log of one partition, with Apache Kafka's behavior. It stores batches as received, rejects
//! what Kafka rejects, detects duplicates and assigns offsets. It has no clock, replicas or high
//! watermark: the caller provides them.
//!
//! Transactions are not supported yet. Transactional batches are rejected with `INVALID_RECORD`,
//! and so are control batches from clients; `validate` and `producers` would have to handle them.

mod batch;
mod config;
mod producers;
mod refusal;
mod validate;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use bytes::Bytes;

pub use batch::StoredBatch;
pub use config::{FirstSequence, LogConfig, TimestampType};
pub use producers::LastWritten;
pub use refusal::Refusal;

use crate::error::ErrorCode;
use producers::Producers;
use validate::validate;

/// One replica's log of one partition.
#[derive(Debug, Clone, Default)]
pub struct PartitionLog {
    config: LogConfig,
    batches: VecDeque<StoredBatch>,
    /// The first readable offset. It may be inside the first batch.
    start_offset: i64,
    end_offset: i64,
    producers: Producers,
}

/// The position of an appended batch, or of the original if the batch is a duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    pub base_offset: i64,
    /// The batch is committed once the high watermark is beyond this offset.
    pub last_offset: i64,
    /// The time for the produce response; −1 with `CreateTime`. For a duplicate it is the batch's
    /// largest timestamp even then, as in Kafka.
    pub log_append_time: i64,
    /// Whether the batch was stored before, so that nothing was appended.
    pub duplicate: bool,
}

impl PartitionLog {
    pub fn new(config: LogConfig) -> Self {
        Self { config, ..Self::default() }
    }

    pub fn config(&self) -> &LogConfig {
        &self.config
    }

    /// Returns the config for changes. Stored batches are not affected.
    pub fn config_mut(&mut self) -> &mut LogConfig {
        &mut self.config
    }

    pub fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// Returns the first stored batch's base offset, which is before the start offset if that is
    /// inside the batch. Without batches it is the end offset.
    pub fn first_stored(&self) -> i64 {
        self.batches.front().map_or(self.end_offset, StoredBatch::base_offset)
    }

    /// Returns the next record's offset.
    pub fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// Appends a client's batch, as the leader in `leader_epoch`. `now` is in milliseconds since
    /// 1970.
    pub fn append(
        &mut self,
        records: &Bytes,
        leader_epoch: i32,
        now: i64,
    ) -> Result<Appended, Refusal> {
        let (batch, header) = validate(records, &self.config, now)?;
        let batch = StoredBatch::new(batch, &header, self.end_offset, leader_epoch)
            .timestamped(self.config.timestamps, now);
        let never_written = self.end_offset == 0;
        let known =
            self.producers.check(&batch, self.config.first_sequence, never_written)?.copied();
        if let Some(known) = known {
            return Ok(Appended {
                base_offset: known.base_offset,
                last_offset: known.last_offset,
                log_append_time: known.timestamp,
                duplicate: true,
            });
        }
        let appended = Appended {
            base_offset: batch.base_offset(),
            last_offset: batch.last_offset(),
            log_append_time: match self.config.timestamps {
                TimestampType::CreateTime => -1,
                TimestampType::LogAppendTime => now,
            },
            duplicate: false,
        };
        self.push(batch);
        Ok(appended)
    }

    /// Appends a batch of the leader, as a follower. Offsets and epochs are the leader's, and
    /// nothing is validated again.
    pub fn append_replicated(&mut self, batch: StoredBatch) {
        assert_eq!(batch.base_offset(), self.end_offset, "a follower's log has no gaps");
        self.push(batch);
    }

    fn push(&mut self, batch: StoredBatch) {
        self.producers.update(&batch);
        self.end_offset = batch.next_offset();
        self.batches.push_back(batch);
    }

    /// Removes all records from `offset` on, as a replica does whose log diverges from its new
    /// leader's. A batch that contains `offset` is removed whole. The producer states are rebuilt
    /// from the remaining batches.
    pub fn truncate_to(&mut self, offset: i64) {
        if offset >= self.end_offset {
            return;
        }
        self.end_offset = offset;
        while self.batches.back().is_some_and(|batch| batch.last_offset() >= offset) {
            self.end_offset = self.batches.pop_back().map_or(offset, |batch| batch.base_offset());
        }
        self.start_offset = self.start_offset.min(self.end_offset);
        self.producers = Producers::default();
        for batch in &self.batches {
            self.producers.update(batch);
        }
    }

    /// Clears the log, as a replica does whose end is before its leader's start.
    pub fn restart_at(&mut self, offset: i64) {
        self.batches.clear();
        self.start_offset = offset;
        self.end_offset = offset;
        self.producers = Producers::default();
    }

    /// Deletes the records before an offset (`DeleteRecords`, or retention), and returns the
    /// removed batches. A batch is kept while any of its records can be read.
    ///
    /// Producer states are kept, except with [`LogConfig::expire_producers_with_records`].
    pub fn delete_records(&mut self, before: i64) -> Result<Vec<StoredBatch>, ErrorCode> {
        if before > self.end_offset || before < 0 {
            return Err(ErrorCode(1)); // OFFSET_OUT_OF_RANGE
        }
        self.start_offset = self.start_offset.max(before);
        let gone = self.batches.partition_point(|batch| batch.last_offset() < self.start_offset);
        let deleted = self.batches.drain(..gone).collect();
        if self.config.expire_producers_with_records {
            self.producers.forget_before(self.start_offset);
        }
        Ok(deleted)
    }

    /// Removes producers that have not written since `time` (`producer.id.expiration.ms`).
    pub fn expire_producers(&mut self, time: i64) {
        self.producers.expire(time);
    }

    /// Reloads the producer states from a snapshot, as after a clean shutdown. Only the last batch
    /// of each producer remains known.
    pub fn reload_from_snapshot(&mut self) {
        self.producers.keep_last_batches();
    }

    pub fn last_written(&self, producer_id: i64) -> Option<LastWritten> {
        self.producers.last_written(producer_id)
    }

    /// Returns the batches with records at or after `offset`, oldest first. The first may begin
    /// before `offset`, and before the log's start.
    pub fn batches_from(&self, offset: i64) -> impl DoubleEndedIterator<Item = &StoredBatch> {
        let first = self.batches.partition_point(|batch| batch.last_offset() < offset);
        self.batches.range(first..)
    }

    pub fn batch_at(&self, offset: i64) -> Option<&StoredBatch> {
        self.batches_from(offset).next().filter(|batch| batch.base_offset() <= offset)
    }
}

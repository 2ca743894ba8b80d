//! The log of one partition, as Apache Kafka keeps it: it takes batches exactly as they came
//! over the wire, refuses what Kafka refuses, recognises what it has already, and gives out
//! offsets. Knows no time, no replicas and no high watermark: those belong to whoever turns it.
//!
//! Not yet: transactions. A batch of a transaction is refused with `INVALID_RECORD`, as control
//! batches are always; their place is in `validate` and in `producers`.

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
    /// The first offset that may be read. The first batch may begin before it.
    start_offset: i64,
    /// The next record's offset.
    end_offset: i64,
    producers: Producers,
}

/// A batch that is in the log, now or since before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The offset of its first record.
    pub base_offset: i64,
    /// The offset of its last record: it is committed once the high watermark is beyond.
    pub last_offset: i64,
    /// What a produce response says: −1 where the records' own timestamps count. For a
    /// duplicate it is the batch's largest timestamp even there, as in Kafka.
    pub log_append_time: i64,
    /// Whether it was there before, so that nothing was appended.
    pub duplicate: bool,
}

impl PartitionLog {
    /// An empty log.
    pub fn new(config: LogConfig) -> Self {
        Self { config, ..Self::default() }
    }

    /// Its settings.
    pub fn config(&self) -> &LogConfig {
        &self.config
    }

    /// Its settings, to be changed; what is stored stays as it is.
    pub fn config_mut(&mut self) -> &mut LogConfig {
        &mut self.config
    }

    /// The first offset that may be read.
    pub fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// Where the first batch begins that is still there: at the start, or before it if the
    /// start is inside a batch; at the end if there is none.
    pub fn first_stored(&self) -> i64 {
        self.batches.front().map_or(self.end_offset, StoredBatch::base_offset)
    }

    /// The offset that the next record will have.
    pub fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// Takes a batch from a client, as the leader in `leader_epoch`, at `now` in milliseconds
    /// since 1970.
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

    /// Takes a batch from the leader, as a follower: offsets and epochs are the leader's, and
    /// nothing is checked again.
    pub fn append_replicated(&mut self, batch: StoredBatch) {
        assert_eq!(batch.base_offset(), self.end_offset, "a follower's log has no gaps");
        self.push(batch);
    }

    fn push(&mut self, batch: StoredBatch) {
        self.producers.update(&batch);
        self.end_offset = batch.next_offset();
        self.batches.push_back(batch);
    }

    /// Loses everything from `offset` on, as a replica does that has what its new leader has
    /// not. A batch that reaches to `offset` or beyond goes as a whole. What is known of
    /// producers is then what the remaining batches tell.
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

    /// Starts anew with nothing stored, as a replica does that is behind its leader's start.
    pub fn restart_at(&mut self, offset: i64) {
        self.batches.clear();
        self.start_offset = offset;
        self.end_offset = offset;
        self.producers = Producers::default();
    }

    /// Forgets the records before an offset (`DeleteRecords`, or retention), and hands out the
    /// batches that went with them. A batch stays as long as one of its records may be read.
    ///
    /// Producers are remembered without their records, unless the settings say otherwise.
    pub fn delete_records(&mut self, before: i64) -> Result<Vec<StoredBatch>, ErrorCode> {
        if before > self.end_offset || before < 0 {
            return Err(ErrorCode(1)); // OFFSET_OUT_OF_RANGE
        }
        self.start_offset = self.start_offset.max(before);
        let gone = self.batches.partition_point(|batch| batch.last_offset() < self.start_offset);
        let deleted = self.batches.drain(..gone).collect();
        if self.config.forgets_with_records {
            self.producers.forget_before(self.start_offset);
        }
        Ok(deleted)
    }

    /// Forgets producers who wrote nothing since `time` (`producer.id.expiration.ms`).
    pub fn expire_producers(&mut self, time: i64) {
        self.producers.expire(time);
    }

    /// Reads what is known of producers back from a snapshot, as after a clean shutdown: of
    /// each, only the last batch is left to be recognised.
    pub fn reload_from_snapshot(&mut self) {
        self.producers.keep_last_batches();
    }

    /// What a producer wrote last, as far as the log remembers.
    pub fn last_written(&self, producer_id: i64) -> Option<LastWritten> {
        self.producers.last_written(producer_id)
    }

    /// The batches with records at `offset` or behind it, oldest first. The first may begin
    /// before `offset`, and before the log's start.
    pub fn batches_from(&self, offset: i64) -> impl DoubleEndedIterator<Item = &StoredBatch> {
        let first = self.batches.partition_point(|batch| batch.last_offset() < offset);
        self.batches.range(first..)
    }

    /// The batch that holds `offset`.
    pub fn batch_at(&self, offset: i64) -> Option<&StoredBatch> {
        self.batches_from(offset).next().filter(|batch| batch.base_offset() <= offset)
    }
}

//! Tests of the log, one for each rule. The broker's answers were observed on Apache Kafka 4.1 to
//! 4.3, or read in its source.

mod idempotence;
mod properties;
mod storage;
mod validation;

use super::*;
use crate::record::{BatchBuilder, Compression, Compressor, DecodedRecord, Identity, Record};

/// The time of all events, in milliseconds since 1970.
const NOW: i64 = 1_700_000_000_000;

/// The largest sequence number.
const MAX: i32 = i32::MAX;

fn batch(identity: Identity, values: &[&str]) -> Bytes {
    let mut builder = BatchBuilder::with_capacity(100);
    for value in values {
        let value = Some(value.as_bytes());
        builder.append(&Record { timestamp: NOW, key: None, value, headers: &[] });
    }
    builder.seal(Compression::NONE, &mut Compressor::new()).to_bytes(identity)
}

/// Builds a batch of `count` records of producer 7 in epoch 0.
fn numbered(first_sequence: i32, count: usize) -> Bytes {
    in_epoch(0, first_sequence, count)
}

fn in_epoch(epoch: i16, base_sequence: i32, count: usize) -> Bytes {
    batch(Identity { producer_id: 7, epoch, base_sequence }, &vec!["x"; count])
}

fn plain(values: &[&str]) -> Bytes {
    batch(Identity::NONE, values)
}

fn log_with(change: impl FnOnce(&mut LogConfig)) -> PartitionLog {
    let mut config = LogConfig::default();
    change(&mut config);
    PartitionLog::new(config)
}

impl PartitionLog {
    /// Appends a batch. Returns its base offset, or Kafka's error code.
    fn put(&mut self, batch: &Bytes) -> Result<i64, i16> {
        self.append(batch, 0, NOW)
            .map(|appended| appended.base_offset)
            .map_err(|refusal| refusal.code.0)
    }

    fn values(&self, offset: i64) -> Vec<(i64, String)> {
        let value =
            |record: DecodedRecord| String::from_utf8(record.value.unwrap().to_vec()).unwrap();
        self.batches_from(offset)
            .flat_map(|batch| batch.records().unwrap())
            .map(|(offset, record)| (offset, value(record)))
            .collect()
    }
}

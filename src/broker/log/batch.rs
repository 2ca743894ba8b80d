//! A stored batch: the producer's bytes, unmodified and shared by all replicas, together with the
//! fields that the broker sets.

use bytes::Bytes;

use super::config::TimestampType;
use crate::record::{BATCH_OVERHEAD, DecodedRecord, Identity, InvalidBatch, decode_batch, offset};
use crate::wire::{Malformed, Reader};

/// The attribute bit for `LogAppendTime`.
const LOG_APPEND_TIME: i16 = 1 << 3;

#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) crc: u32,
    pub(super) attributes: i16,
    pub(super) last_offset_delta: i32,
    pub(super) max_timestamp: i64,
    pub(super) identity: Identity,
    pub(super) count: i32,
}

impl Header {
    pub(super) fn read(batch: &Bytes) -> Result<Self, Malformed> {
        let mut input = Reader::new(batch);
        input.skip(offset::CRC)?;
        let crc = input.u32()?;
        let attributes = input.i16()?;
        let last_offset_delta = input.i32()?;
        let _first_timestamp = input.i64()?;
        Ok(Self {
            crc,
            attributes,
            last_offset_delta,
            max_timestamp: input.i64()?,
            identity: Identity {
                producer_id: input.i64()?,
                epoch: input.i16()?,
                base_sequence: input.i32()?,
            },
            count: input.i32()?,
        })
    }

    pub(super) fn codec(&self) -> i16 {
        self.attributes & 0b111
    }

    pub(super) fn is_log_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }

    pub(super) fn is_transactional(&self) -> bool {
        self.attributes & (1 << 4) != 0
    }

    pub(super) fn is_control(&self) -> bool {
        self.attributes & (1 << 5) != 0
    }
}

/// A batch with its position in the log. Cheap to clone: the records are shared.
#[derive(Debug, Clone)]
pub struct StoredBatch {
    base_offset: i64,
    leader_epoch: i32,
    last_offset_delta: i32,
    identity: Identity,
    attributes: i16,
    max_timestamp: i64,
    /// The bytes as received, with the producer's base offset, epoch and timestamp type.
    received: Bytes,
}

impl StoredBatch {
    pub(super) fn new(
        received: Bytes,
        header: &Header,
        base_offset: i64,
        leader_epoch: i32,
    ) -> Self {
        Self {
            base_offset,
            leader_epoch,
            last_offset_delta: header.last_offset_delta,
            identity: header.identity,
            attributes: header.attributes,
            max_timestamp: header.max_timestamp,
            received,
        }
    }

    /// Sets the timestamp type of the topic.
    pub(super) fn timestamped(mut self, timestamps: TimestampType, now: i64) -> Self {
        match timestamps {
            // As in Kafka, a producer's `LogAppendTime` bit is silently cleared.
            TimestampType::CreateTime => self.attributes &= !LOG_APPEND_TIME,
            TimestampType::LogAppendTime => {
                self.attributes |= LOG_APPEND_TIME;
                self.max_timestamp = now;
            }
        }
        self
    }

    pub fn base_offset(&self) -> i64 {
        self.base_offset
    }

    pub fn last_offset(&self) -> i64 {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    pub fn next_offset(&self) -> i64 {
        self.last_offset() + 1
    }

    /// Returns the epoch of the leader that appended the batch. Replicas that have the same offset
    /// in the same epoch have identical logs up to it.
    pub fn leader_epoch(&self) -> i32 {
        self.leader_epoch
    }

    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Returns the sequence number of the last record; −1 without a producer id.
    pub fn last_sequence(&self) -> i32 {
        match self.identity.base_sequence {
            -1 => -1,
            first => add_to_sequence(first, self.last_offset_delta),
        }
    }

    pub fn count(&self) -> i32 {
        self.last_offset_delta + 1
    }

    pub fn size(&self) -> usize {
        self.received.len()
    }

    /// Returns the largest timestamp, or the append time with `LogAppendTime`.
    pub fn max_timestamp(&self) -> i64 {
        self.max_timestamp
    }

    /// Returns the batch as a consumer fetches it.
    pub fn to_bytes(&self) -> Bytes {
        let mut bytes = self.received.to_vec();
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(0, &self.base_offset.to_be_bytes());
        put(offset::LEADER_EPOCH, &self.leader_epoch.to_be_bytes());
        put(offset::ATTRIBUTES, &self.attributes.to_be_bytes());
        put(offset::MAX_TIMESTAMP, &self.max_timestamp.to_be_bytes());
        if bytes[offset::ATTRIBUTES..BATCH_OVERHEAD]
            != self.received[offset::ATTRIBUTES..BATCH_OVERHEAD]
        {
            let crc = crc32c::crc32c(&bytes[offset::ATTRIBUTES..]);
            bytes[offset::CRC..offset::ATTRIBUTES].copy_from_slice(&crc.to_be_bytes());
        }
        bytes.into()
    }

    /// Decodes the records, with their offsets and the timestamps that a consumer sees.
    pub fn records(&self) -> Result<Vec<(i64, DecodedRecord)>, InvalidBatch> {
        let mut batch = decode_batch(&self.received)?;
        if self.attributes & LOG_APPEND_TIME != 0 {
            for record in &mut batch.records {
                record.timestamp = self.max_timestamp;
            }
        }
        Ok((self.base_offset..).zip(batch.records).collect())
    }
}

/// Adds to a sequence number, which wraps from 2³¹ − 1 to 0.
pub(super) fn add_to_sequence(sequence: i32, increment: i32) -> i32 {
    ((i64::from(sequence) + i64::from(increment)) & i64::from(i32::MAX)) as i32
}

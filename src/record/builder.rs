//! Encodes records straight into the batch that will be sent: one copy, no allocation for a
//! record. The batch's own header is filled in when it is sealed.

use bytes::Bytes;

use super::{BATCH_OVERHEAD, MAGIC, Record, offset};
use crate::wire::{varint_size, varlong_size, write_varint, write_varlong};

/// Who wrote a batch, for the broker to recognise a repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The producer's id.
    pub producer_id: i64,
    /// The id's epoch.
    pub epoch: i16,
    /// The sequence number of the batch's first record.
    pub base_sequence: i32,
}

impl Identity {
    /// Without idempotence.
    pub const NONE: Self = Self { producer_id: -1, epoch: -1, base_sequence: -1 };
}

/// A batch that takes records.
#[derive(Debug)]
pub struct BatchBuilder {
    bytes: Vec<u8>,
    count: i32,
    first_timestamp: i64,
    max_timestamp: i64,
}

impl BatchBuilder {
    /// An empty batch with room for `capacity` bytes, header included.
    pub fn with_capacity(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity.max(BATCH_OVERHEAD));
        bytes.resize(BATCH_OVERHEAD, 0);
        Self { bytes, count: 0, first_timestamp: 0, max_timestamp: i64::MIN }
    }

    /// How many records it holds.
    pub fn count(&self) -> i32 {
        self.count
    }

    /// Its size in bytes as it would be sent now, uncompressed.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// How many bytes `record` would add.
    pub fn size_of(&self, record: &Record<'_>) -> usize {
        let body = self.body_size(record);
        varint_size(body as i32) + body
    }

    fn timestamp_delta(&self, record: &Record<'_>) -> i64 {
        if self.count == 0 { 0 } else { record.timestamp.wrapping_sub(self.first_timestamp) }
    }

    /// The record's size behind its length.
    fn body_size(&self, record: &Record<'_>) -> usize {
        1 + varlong_size(self.timestamp_delta(record))
            + varint_size(self.count)
            + field_size(record.key)
            + field_size(record.value)
            + varint_size(record.headers.len() as i32)
            + record
                .headers
                .iter()
                .map(|(name, value)| field_size(Some(name.as_bytes())) + field_size(*value))
                .sum::<usize>()
    }

    /// Appends a record and says which of the batch it is.
    ///
    /// The caller keeps a record below 2 GiB; `max_request_size` is far below that.
    pub fn append(&mut self, record: &Record<'_>) -> i32 {
        let body = self.body_size(record);
        let delta = self.timestamp_delta(record);
        if self.count == 0 {
            self.first_timestamp = record.timestamp;
        }
        let out = &mut self.bytes;
        write_varint(out, body as i32);
        out.push(0); // attributes, unused
        write_varlong(out, delta);
        write_varint(out, self.count);
        write_field(out, record.key);
        write_field(out, record.value);
        write_varint(out, record.headers.len() as i32);
        for (name, value) in record.headers {
            write_field(out, Some(name.as_bytes()));
            write_field(out, *value);
        }
        self.max_timestamp = self.max_timestamp.max(record.timestamp);
        self.count += 1;
        self.count - 1
    }

    /// Fills in the header. From here on the batch never changes, however often it is sent.
    pub fn seal(mut self, identity: Identity) -> Bytes {
        debug_assert!(self.count > 0, "a batch without records is refused by brokers");
        let length = self.bytes.len() - offset::LEADER_EPOCH;
        let mut put = |at: usize, field: &[u8]| {
            self.bytes[at..at + field.len()].copy_from_slice(field);
        };
        put(offset::LENGTH, &(length as i32).to_be_bytes());
        put(offset::LEADER_EPOCH, &(-1_i32).to_be_bytes());
        put(offset::MAGIC, &MAGIC.to_be_bytes());
        put(offset::LAST_OFFSET_DELTA, &(self.count - 1).to_be_bytes());
        put(offset::FIRST_TIMESTAMP, &self.first_timestamp.to_be_bytes());
        put(offset::MAX_TIMESTAMP, &self.max_timestamp.to_be_bytes());
        put(offset::PRODUCER_ID, &identity.producer_id.to_be_bytes());
        put(offset::PRODUCER_EPOCH, &identity.epoch.to_be_bytes());
        put(offset::BASE_SEQUENCE, &identity.base_sequence.to_be_bytes());
        put(offset::COUNT, &self.count.to_be_bytes());
        let crc = crc32c::crc32c(&self.bytes[offset::ATTRIBUTES..]);
        self.bytes[offset::CRC..offset::ATTRIBUTES].copy_from_slice(&crc.to_be_bytes());
        Bytes::from(self.bytes)
    }
}

fn field_size(field: Option<&[u8]>) -> usize {
    field.map_or(1, |bytes| varint_size(bytes.len() as i32) + bytes.len())
}

fn write_field(out: &mut Vec<u8>, field: Option<&[u8]>) {
    match field {
        None => write_varint(out, -1),
        Some(bytes) => {
            write_varint(out, bytes.len() as i32);
            out.extend_from_slice(bytes);
        }
    }
}

//! Encodes records straight into the batch that will be sent: one copy, no allocation for a
//! record. The batch's own header is written when it is sent: see [`SealedBatch`].

use super::sealed::Contents;
use super::{BATCH_OVERHEAD, Compression, Compressor, Record, SealedBatch};
use crate::wire::{varint_size, varlong_size, write_varint, write_varlong};

/// A batch that takes records.
#[derive(Debug)]
pub struct BatchBuilder {
    body: Vec<u8>,
    count: i32,
    first_timestamp: i64,
    max_timestamp: i64,
}

impl BatchBuilder {
    /// An empty batch with room for `capacity` bytes of records.
    pub fn with_capacity(capacity: usize) -> Self {
        let body = Vec::with_capacity(capacity);
        Self { body, count: 0, first_timestamp: 0, max_timestamp: i64::MIN }
    }

    /// How many records it holds.
    pub fn count(&self) -> i32 {
        self.count
    }

    /// Its size in bytes as it would be sent now, uncompressed.
    pub fn size(&self) -> usize {
        BATCH_OVERHEAD + self.body.len()
    }

    /// How many bytes `record` would add.
    pub fn size_of(&self, record: &Record<'_>) -> usize {
        let body = self.body_size(record);
        varint_size(body as i32) + body
    }

    fn timestamp_delta(&self, timestamp: i64) -> i64 {
        if self.count == 0 { 0 } else { timestamp.wrapping_sub(self.first_timestamp) }
    }

    /// The record's size behind its length.
    fn body_size(&self, record: &Record<'_>) -> usize {
        1 + varlong_size(self.timestamp_delta(record.timestamp))
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
        self.begin(record.timestamp, self.body_size(record));
        let out = &mut self.body;
        write_field(out, record.key);
        write_field(out, record.value);
        write_varint(out, record.headers.len() as i32);
        for (name, value) in record.headers {
            write_field(out, Some(name.as_bytes()));
            write_field(out, *value);
        }
        self.count += 1;
        self.count - 1
    }

    /// Writes what stands before a record's key; `body` is the size of all that follows the size.
    fn begin(&mut self, timestamp: i64, body: usize) {
        let delta = self.timestamp_delta(timestamp);
        if self.count == 0 {
            self.first_timestamp = timestamp;
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        let out = &mut self.body;
        write_varint(out, body as i32);
        out.push(0); // attributes, unused
        write_varlong(out, delta);
        write_varint(out, self.count);
    }

    /// Appends a record of another batch, whose bytes are the same here from its key on, unless
    /// it would be one too many for `room` bytes of records.
    pub(super) fn append_encoded(&mut self, timestamp: i64, fields: &[u8], room: usize) -> bool {
        let delta = self.timestamp_delta(timestamp);
        let body = 1 + varlong_size(delta) + varint_size(self.count) + fields.len();
        if self.count > 0 && self.body.len() + varint_size(body as i32) + body > room {
            return false;
        }
        self.begin(timestamp, body);
        self.body.extend_from_slice(fields);
        self.count += 1;
        true
    }

    /// Takes no more records, and compresses those it has if that makes them smaller.
    pub fn seal(self, compression: Compression, compressor: &mut Compressor) -> SealedBatch {
        debug_assert!(self.count > 0, "a batch without records is refused by brokers");
        let Self { body, count, first_timestamp, max_timestamp } = self;
        let contents = Contents { count, first_timestamp, max_timestamp };
        SealedBatch::new(contents, body, compression, compressor)
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

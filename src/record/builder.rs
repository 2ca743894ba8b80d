//! Encodes records straight into the batch that will be sent: one copy, no allocation for a
//! record. The batch's own header is written when it is sent: see [`SealedBatch`].

use super::sealed::Contents;
use super::{BATCH_OVERHEAD, Compression, Compressor, Header, Record, SealedBatch, ahead};
use crate::wire::{Room, varint_size, varlong_size};

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
        Self::of_memory(Vec::with_capacity(capacity))
    }

    /// An empty batch that writes its records into memory that there is.
    pub fn of_memory(body: Vec<u8>) -> Self {
        debug_assert!(body.is_empty(), "a batch begins with its first record");
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

    /// Appends a record, however large, and says which of the batch it is.
    ///
    /// The caller keeps a record below 2 GiB; `max_request_size` is far below that.
    ///
    /// # Panics
    /// If the process has no memory for it.
    pub fn append(&mut self, record: &Record<'_>) -> i32 {
        self.try_append(record, usize::MAX).expect("there is no limit but the process's memory")
    }

    /// Appends a record, unless it would make the batch larger than `limit`, or there is no memory
    /// for it. There is no limit for an empty batch, and no memory is asked for below the capacity
    /// that the batch began with. Says which of the batch it is.
    pub fn try_append(&mut self, record: &Record<'_>, limit: usize) -> Option<i32> {
        let value = record.value.unwrap_or_default();
        let before_value = field_size(record.key) + varint_size(length(record.value));
        let headers = headers_size(record.headers);
        let sizes = Sizes { before_value, from_value: value.len() + headers };
        let mut out = self.begin(record.timestamp, sizes, limit)?;
        write_field(&mut out, record.key);
        out.varint(length(record.value));
        // It may be long, and room is zeroed before it is filled.
        self.body.extend_from_slice(value);
        let mut out = Room::after(&mut self.body, headers);
        out.varint(record.headers.len() as i32);
        for (name, value) in record.headers {
            write_field(&mut out, Some(name.as_bytes()));
            write_field(&mut out, *value);
        }
        // The next one is mostly about as large.
        ahead::fetch(self.body.spare_capacity_mut(), sizes.before_value + sizes.from_value);
        Some(self.count - 1)
    }

    /// Appends a record of another batch, whose bytes are the same here from its key on, unless
    /// it would be one too many for `room` bytes of records, or there is no memory for it.
    pub(super) fn append_encoded(&mut self, timestamp: i64, fields: &[u8], room: usize) -> bool {
        let sizes = Sizes { before_value: 0, from_value: fields.len() };
        let begun = self.begin(timestamp, sizes, BATCH_OVERHEAD + room).is_some();
        if begun {
            self.body.extend_from_slice(fields);
        }
        begun
    }

    /// Counts a record in, unless it is too large for `limit` or for the process's memory, and
    /// writes what stands before its key. Returns the room for what stands before its value; the
    /// rest is to be appended.
    fn begin(&mut self, timestamp: i64, sizes: Sizes, limit: usize) -> Option<Room<'_>> {
        let first = self.count == 0;
        let delta = if first { 0 } else { timestamp.wrapping_sub(self.first_timestamp) };
        let head = 1 + varlong_size(delta) + varint_size(self.count) + sizes.before_value;
        let body = head + sizes.from_value;
        let size = varint_size(body as i32);
        if !first && self.size() + size + body > limit {
            return None;
        }
        if self.body.capacity() - self.body.len() < size + body {
            self.body.try_reserve(size + body).ok()?;
        }
        if first {
            self.first_timestamp = timestamp;
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        let index = self.count;
        self.count += 1;
        let mut out = Room::after(&mut self.body, size + head);
        out.varint(body as i32);
        out.byte(0); // attributes, unused
        out.varlong(delta);
        out.varint(index);
        Some(out)
    }

    /// Takes no more records, and compresses those it has if that makes them smaller.
    pub fn seal(self, compression: Compression, compressor: &mut Compressor) -> SealedBatch {
        debug_assert!(self.count > 0, "a batch without records is refused by brokers");
        let Self { body, count, first_timestamp, max_timestamp } = self;
        let contents = Contents { count, first_timestamp, max_timestamp };
        SealedBatch::new(contents, body, compression, compressor)
    }
}

/// How many bytes a record takes from its key up to its value, and from there on.
#[derive(Clone, Copy)]
struct Sizes {
    before_value: usize,
    from_value: usize,
}

/// How a field's length is told: of one that is not there, as −1.
fn length(field: Option<&[u8]>) -> i32 {
    field.map_or(-1, |bytes| bytes.len() as i32)
}

fn field_size(field: Option<&[u8]>) -> usize {
    varint_size(length(field)) + field.map_or(0, <[u8]>::len)
}

fn headers_size(headers: &[Header<'_>]) -> usize {
    let sizes =
        headers.iter().map(|(name, value)| field_size(Some(name.as_bytes())) + field_size(*value));
    varint_size(headers.len() as i32) + sizes.sum::<usize>()
}

fn write_field(out: &mut Room<'_>, field: Option<&[u8]>) {
    out.varint(length(field));
    out.raw(field.unwrap_or_default());
}

//! Encodes records directly into the batch that will be sent: one copy, and no allocation per
//! record. The batch's header is written when the batch is sent: see [`SealedBatch`].

use super::sealed::Contents;
use super::{BATCH_OVERHEAD, Compression, Compressor, Header, Record, SealedBatch, ahead};
use crate::wire::{Room, varint_size, varlong_size};

/// A batch to which records can be appended.
#[derive(Debug)]
pub struct BatchBuilder {
    body: Vec<u8>,
    count: i32,
    first_timestamp: i64,
    max_timestamp: i64,
}

impl BatchBuilder {
    /// Creates an empty batch with capacity for `capacity` bytes of records.
    pub fn with_capacity(capacity: usize) -> Self {
        Self::of_memory(Vec::with_capacity(capacity))
    }

    /// Creates an empty batch in existing memory.
    pub fn of_memory(body: Vec<u8>) -> Self {
        debug_assert!(body.is_empty(), "a batch begins with its first record");
        Self { body, count: 0, first_timestamp: 0, max_timestamp: i64::MIN }
    }

    /// The number of records.
    pub fn count(&self) -> i32 {
        self.count
    }

    /// The uncompressed size of the batch in bytes.
    pub fn size(&self) -> usize {
        BATCH_OVERHEAD + self.body.len()
    }

    /// Appends a record of any size. Returns its index.
    ///
    /// The record must be smaller than 2 GiB; `max_request_size` is far below that.
    ///
    /// # Panics
    /// If there is no memory for it.
    pub fn append(&mut self, record: &Record<'_>) -> i32 {
        self.try_append(record, usize::MAX).expect("there is no limit but the process's memory")
    }

    /// Appends a record, and returns its index. Returns `None` if the batch would exceed `limit`,
    /// or if there is no memory. An empty batch has no limit, and nothing is allocated below its
    /// initial capacity.
    pub fn try_append(&mut self, record: &Record<'_>, limit: usize) -> Option<i32> {
        let value = record.value.unwrap_or_default();
        let before_value = field_size(record.key) + varint_size(length(record.value));
        let headers = headers_size(record.headers);
        let sizes = Sizes { before_value, from_value: value.len() + headers };
        let mut out = self.begin(record.timestamp, sizes, limit)?;
        write_field(&mut out, record.key);
        out.varint(length(record.value));
        // Appended separately: it may be long, and [`Room`] is zeroed before it is filled.
        self.body.extend_from_slice(value);
        let mut out = Room::after(&mut self.body, headers);
        out.varint(record.headers.len() as i32);
        for (name, value) in record.headers {
            write_field(&mut out, Some(name.as_bytes()));
            write_field(&mut out, *value);
        }
        // The next record is probably of similar size.
        ahead::fetch(self.body.spare_capacity_mut(), sizes.before_value + sizes.from_value);
        Some(self.count - 1)
    }

    /// Appends a record of another batch. Its encoding is the same here from the key on. Returns
    /// whether it fits into `room` bytes of records and into memory.
    pub(super) fn append_encoded(&mut self, timestamp: i64, fields: &[u8], room: usize) -> bool {
        let sizes = Sizes { before_value: 0, from_value: fields.len() };
        let begun = self.begin(timestamp, sizes, BATCH_OVERHEAD + room).is_some();
        if begun {
            self.body.extend_from_slice(fields);
        }
        begun
    }

    /// Counts a record and encodes everything before its key. Returns the space for everything
    /// before its value; the caller appends the rest. Returns `None` if it exceeds `limit` or the
    /// memory.
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

    /// Ends the batch, and compresses its records if that makes them smaller.
    pub fn seal(self, compression: Compression, compressor: &mut Compressor) -> SealedBatch {
        debug_assert!(self.count > 0, "a batch without records is refused by brokers");
        let Self { body, count, first_timestamp, max_timestamp } = self;
        let contents = Contents { count, first_timestamp, max_timestamp };
        SealedBatch::new(contents, body, compression, compressor)
    }
}

/// The size of a record from its key to its value, and from there on.
#[derive(Clone, Copy)]
struct Sizes {
    before_value: usize,
    from_value: usize,
}

/// The encoded length of a field; −1 if there is none.
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

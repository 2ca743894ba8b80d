//! Record batches, version 2: the format of Kafka's log.
//!
//! | offset | field | |
//! |---|---|---|
//! | 0 | base offset `i64` | 0; the broker sets it, outside the checksum |
//! | 8 | length `i32` | of everything that follows |
//! | 12 | leader epoch `i32` | −1; the broker sets it, outside the checksum |
//! | 16 | magic `i8` | 2 |
//! | 17 | CRC-32C `u32` | of everything from 21 on |
//! | 21 | attributes `i16` | codec, timestamp type, transaction, control |
//! | 23 | last offset delta `i32` | count − 1 |
//! | 27, 35 | first and largest timestamp `i64` | |
//! | 43, 51, 53 | producer id `i64`, epoch `i16`, first sequence `i32` | −1 each without
//! idempotence |
//! | 57 | count `i32` | at least 1 |
//! | 61 | records | compressed as one stream |

mod ahead;
mod builder;
mod checksum;
mod compression;
mod decode;
mod sealed;
mod split;

use crate::wire::varint_size;

pub use crate::config::{Codec, Compression};
pub use builder::BatchBuilder;
pub use compression::{Compressor, Decompressor, InvalidCompression};
pub use decode::{
    DecodedBatch, DecodedHeader, DecodedRecord, InvalidBatch, decode_batch, decode_batch_within,
};
pub use sealed::{Identity, SealedBatch};

/// The size of a batch's header.
pub const BATCH_OVERHEAD: usize = 61;

/// Maximum size of a record without its fields and their count.
const MAX_RECORD_OVERHEAD: usize = 21;

/// The offsets of the header's fields.
pub mod offset {
    pub const LENGTH: usize = 8;
    pub const LEADER_EPOCH: usize = 12;
    pub const MAGIC: usize = 16;
    pub const CRC: usize = 17;
    pub const ATTRIBUTES: usize = 21;
    pub const LAST_OFFSET_DELTA: usize = 23;
    pub const FIRST_TIMESTAMP: usize = 27;
    pub const MAX_TIMESTAMP: usize = 35;
    pub const PRODUCER_ID: usize = 43;
    pub const PRODUCER_EPOCH: usize = 51;
    pub const BASE_SEQUENCE: usize = 53;
    pub const COUNT: usize = 57;
}

/// The version of the format.
pub(crate) const MAGIC: i8 = 2;

/// A record's header: a name, which may occur several times, and an optional value.
pub type Header<'a> = (&'a str, Option<&'a [u8]>);

/// A record with borrowed fields. Nothing is copied before it is encoded.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// Determines the partition. An empty key differs from no key.
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Order and duplicates are kept.
    pub headers: &'a [Header<'a>],
}

impl Record<'_> {
    /// The maximum size of a batch with only this record. Equal to the Java client's bound, so that
    /// both refuse the same records.
    pub fn size_bound(&self) -> usize {
        let field = |bytes: Option<&[u8]>| {
            bytes.map_or(1, |bytes| varint_size(bytes.len() as i32) + bytes.len())
        };
        let headers: usize = self
            .headers
            .iter()
            .map(|(name, value)| field(Some(name.as_bytes())) + field(*value))
            .sum();
        BATCH_OVERHEAD
            + MAX_RECORD_OVERHEAD
            + field(self.key)
            + field(self.value)
            + varint_size(self.headers.len() as i32)
            + headers
    }

    /// At least [`Self::size_bound`], and cheaper: each length counts as the longest varint.
    pub fn rough_size_bound(&self) -> usize {
        const LONGEST_VARINT: usize = 5;
        const KEY_VALUE_AND_COUNT: usize = 3 * LONGEST_VARINT;
        let field = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + field(*value) + 2 * LONGEST_VARINT);
        BATCH_OVERHEAD
            + MAX_RECORD_OVERHEAD
            + KEY_VALUE_AND_COUNT
            + field(self.key)
            + field(self.value)
            + headers.sum::<usize>()
    }
}

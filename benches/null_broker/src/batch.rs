//! The header of a record batch in format 2, which producers have written since Kafka 0.11.

use std::ops::Range;

/// The size of the header; the records follow it.
pub const HEADER: usize = 61;

/// The bytes that `LENGTH` does not count: the field itself and those before it.
pub const BEFORE_LENGTH: usize = 12;

pub const LENGTH: Range<usize> = 8..12;
pub const MAGIC: usize = 16;
pub const CRC: Range<usize> = 17..21;
/// The start of the bytes that the checksum covers.
pub const CHECKED: usize = 21;
pub const LAST_OFFSET_DELTA: Range<usize> = 23..27;
pub const FIRST_TIMESTAMP: Range<usize> = 27..35;
pub const LAST_TIMESTAMP: Range<usize> = 35..43;
pub const PRODUCER_ID: Range<usize> = 43..51;
pub const EPOCH: Range<usize> = 51..53;
pub const SEQUENCE: Range<usize> = 53..57;
pub const COUNT: Range<usize> = 57..61;

pub struct Batch<'a>(&'a [u8]);

impl<'a> Batch<'a> {
    /// Returns the first batch in `bytes`, if it is complete.
    pub fn first(bytes: &'a [u8]) -> Option<Self> {
        let length = i32::from_be_bytes(bytes.get(LENGTH)?.try_into().ok()?);
        let size = BEFORE_LENGTH + usize::try_from(length).ok()?;
        let batch = bytes.get(..size).filter(|batch| batch.len() >= HEADER)?;
        (batch[MAGIC] == 2).then_some(Self(batch))
    }

    pub fn size(&self) -> usize {
        self.0.len()
    }

    pub fn count(&self) -> i32 {
        i32::from_be_bytes(self.field(COUNT))
    }

    /// -1 if the producer is not idempotent.
    pub fn producer_id(&self) -> i64 {
        i64::from_be_bytes(self.field(PRODUCER_ID))
    }

    pub fn epoch(&self) -> i16 {
        i16::from_be_bytes(self.field(EPOCH))
    }

    pub fn sequence(&self) -> i32 {
        i32::from_be_bytes(self.field(SEQUENCE))
    }

    pub fn is_intact(&self) -> bool {
        crc32c::crc32c(&self.0[CHECKED..]) == u32::from_be_bytes(self.field(CRC))
    }

    fn field<const N: usize>(&self, place: Range<usize>) -> [u8; N] {
        self.0[place].try_into().expect("a field is as long as its type")
    }
}

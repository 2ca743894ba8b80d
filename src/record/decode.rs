//! Decodes record batches, for the in-process broker and for tests. Input is untrusted.

use std::fmt;

use bytes::Bytes;

use super::compression::codec_of;
use super::{BATCH_OVERHEAD, Decompressor, Identity, InvalidCompression, MAGIC, offset};
use crate::wire::{MAX_FRAME, Malformed, Reader};

/// A decoded and checked batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedBatch {
    pub base_offset: i64,
    /// Codec, timestamp type, transaction, control.
    pub attributes: i16,
    pub identity: Identity,
    /// The largest timestamp, according to the header.
    pub max_timestamp: i64,
    pub records: Vec<DecodedRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedRecord {
    /// Milliseconds since 1970.
    pub timestamp: i64,
    pub key: Option<Bytes>,
    /// `None` is a tombstone.
    pub value: Option<Bytes>,
    pub headers: Vec<DecodedHeader>,
}

/// A record's header: a name and an optional value.
pub type DecodedHeader = (String, Option<Bytes>);

/// Why bytes are not a valid batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidBatch {
    /// The structure is broken.
    Malformed(Malformed),
    /// The format is not version 2.
    Magic(i8),
    /// The checksum does not match.
    Checksum,
    /// The records cannot be decompressed.
    Compression(InvalidCompression),
    /// Header and records disagree.
    Inconsistent(&'static str),
    /// There are more records or headers than the decoder accepts.
    TooMany,
    /// There is no memory for the records.
    OutOfMemory,
}

impl From<InvalidCompression> for InvalidBatch {
    fn from(invalid: InvalidCompression) -> Self {
        match invalid {
            InvalidCompression::OutOfMemory => Self::OutOfMemory,
            invalid => Self::Compression(invalid),
        }
    }
}

impl From<Malformed> for InvalidBatch {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl fmt::Display for InvalidBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Magic(magic) => write!(f, "record batches of format {magic} are not supported"),
            Self::Checksum => f.write_str("the batch's checksum does not match its bytes"),
            Self::Compression(invalid) => invalid.fmt(f),
            Self::Inconsistent(what) => f.write_str(what),
            Self::TooMany => f.write_str("the batch has more records and headers than are read"),
            Self::OutOfMemory => f.write_str("the process has no memory for the batch's records"),
        }
    }
}

impl std::error::Error for InvalidBatch {}

/// Decodes the one batch in `bytes`. Its records must not be larger than an uncompressed frame.
pub fn decode_batch(bytes: &Bytes) -> Result<DecodedBatch, InvalidBatch> {
    decode_batch_within(MAX_FRAME, bytes, &mut Decompressor::new())
}

/// Decodes the one batch in `bytes`. Refuses a compressed batch whose records exceed `limit` bytes,
/// without allocating them.
pub fn decode_batch_within(
    limit: usize,
    bytes: &Bytes,
    decompressor: &mut Decompressor,
) -> Result<DecodedBatch, InvalidBatch> {
    let mut input = Reader::new(bytes);
    let base_offset = input.i64()?;
    let length = input.i32()?;
    if usize::try_from(length) != Ok(input.remaining()) || bytes.len() < BATCH_OVERHEAD {
        return Err(Malformed::Length.into());
    }
    let _leader_epoch = input.i32()?;
    let magic = input.i8()?;
    if magic != MAGIC {
        return Err(InvalidBatch::Magic(magic));
    }
    if input.u32()? != crc32c::crc32c(&bytes[offset::ATTRIBUTES..]) {
        return Err(InvalidBatch::Checksum);
    }
    let attributes = input.i16()?;
    let last_offset_delta = input.i32()?;
    let first_timestamp = input.i64()?;
    let max_timestamp = input.i64()?;
    let identity =
        Identity { producer_id: input.i64()?, epoch: input.i16()?, base_sequence: input.i32()? };
    let count = input.i32()?;
    if count < 1 {
        return Err(InvalidBatch::Inconsistent("a batch without records"));
    }
    if last_offset_delta != count - 1 {
        return Err(InvalidBatch::Inconsistent("last offset delta and count disagree"));
    }
    let body = bytes.slice(BATCH_OVERHEAD..);
    let body = decompressor.decompress(codec_of(attributes)?, &body, limit)?;
    let mut input = Reader::new(&body);
    let mut room = Room(MAX_FRAME);
    let records = (0..count)
        .map(|index| decode_record(&mut input, &mut room, first_timestamp, index))
        .collect::<Result<_, _>>()?;
    input.finish()?;
    Ok(DecodedBatch { base_offset, attributes, identity, max_timestamp, records })
}

/// The memory that records and headers may still take besides their bytes: an empty one is many
/// times larger in memory than on the wire.
struct Room(usize);

impl Room {
    fn take<T>(&mut self) -> Result<(), InvalidBatch> {
        let left = self.0.checked_sub(size_of::<T>());
        self.0 = left.ok_or(InvalidBatch::TooMany)?;
        Ok(())
    }
}

fn decode_record(
    input: &mut Reader<'_>,
    room: &mut Room,
    first_timestamp: i64,
    index: i32,
) -> Result<DecodedRecord, InvalidBatch> {
    room.take::<DecodedRecord>()?;
    let length = usize::try_from(input.varint()?).map_err(|_| Malformed::Length)?;
    let end = input.position() + length;
    let _attributes = input.i8()?;
    let timestamp = first_timestamp.wrapping_add(input.varlong()?);
    if input.varint()? != index {
        return Err(InvalidBatch::Inconsistent("offset deltas do not follow each other"));
    }
    let key = decode_field(input)?;
    let value = decode_field(input)?;
    let header_count = usize::try_from(input.varint()?).map_err(|_| Malformed::Length)?;
    let headers = (0..header_count)
        .map(|_| {
            room.take::<DecodedHeader>()?;
            let size = usize::try_from(input.varint()?).map_err(|_| Malformed::Length)?;
            Ok((input.text(size)?, decode_field(input)?))
        })
        .collect::<Result<_, InvalidBatch>>()?;
    if input.position() != end {
        return Err(InvalidBatch::Inconsistent("a record's length and its fields disagree"));
    }
    Ok(DecodedRecord { timestamp, key, value, headers })
}

fn decode_field(input: &mut Reader<'_>) -> Result<Option<Bytes>, Malformed> {
    match input.varint()? {
        -1 => Ok(None),
        size => {
            let size = usize::try_from(size).map_err(|_| Malformed::Length)?;
            input.bytes(size).map(Some)
        }
    }
}

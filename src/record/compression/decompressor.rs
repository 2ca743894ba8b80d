//! Decompresses what others sent, and trusts none of it. What is announced is believed only as
//! far as the bytes that are there could keep it, and nothing grows beyond the caller's limit.

use std::collections::TryReserveError;
use std::fmt;

use bytes::Bytes;

use super::compressor::made;
use super::{Codec, gzip, lz4, snappy, zstd};

/// Why compressed bytes give no records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidCompression {
    /// The attributes name a codec that Kafka does not have.
    UnknownCodec(i16),
    /// The bytes are not what the codec writes, or not in the way that Kafka asks for.
    Corrupt(Codec, &'static str),
    /// There is more in them than the caller allows.
    TooLarge {
        /// What the caller allows.
        limit: usize,
    },
    /// The process has no memory for what is in them.
    OutOfMemory,
}

impl From<TryReserveError> for InvalidCompression {
    fn from(_: TryReserveError) -> Self {
        Self::OutOfMemory
    }
}

impl fmt::Display for InvalidCompression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCodec(id) => write!(f, "there is no codec with the number {id}"),
            Self::Corrupt(codec, what) => write!(f, "the batch is no valid {codec}: {what}"),
            Self::TooLarge { limit } => {
                write!(f, "the batch holds more than {limit} bytes of records")
            }
            Self::OutOfMemory => f.write_str("the process has no memory for the batch's records"),
        }
    }
}

impl std::error::Error for InvalidCompression {}

/// What a thread that decompresses keeps. That is zstd's context alone: those of the others are
/// nothing, or small beside their work. The output is not kept, because records are slices of it.
#[derive(Default)]
pub struct Decompressor {
    zstd: Option<zstd::Decoder>,
}

impl Decompressor {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `compressed` holds, if that is not more than `limit` bytes. Uncompressed bytes come
    /// back as they are, without a copy, and are already there: the limit is not for them.
    pub fn decompress(
        &mut self,
        codec: Codec,
        compressed: &Bytes,
        limit: usize,
    ) -> Result<Bytes, InvalidCompression> {
        let records = match codec {
            Codec::None => return Ok(compressed.clone()),
            Codec::Gzip => gzip::decompress(compressed, limit),
            Codec::Snappy => snappy::decompress(compressed, limit),
            Codec::Lz4 => lz4::decompress(compressed, limit),
            Codec::Zstd => {
                let decoder = made(&mut self.zstd, zstd::Decoder::new);
                decoder.ok_or(InvalidCompression::OutOfMemory)?.decompress(compressed, limit)
            }
        }?;
        debug_assert!(records.len() <= limit);
        Ok(records.into())
    }
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decompressor").finish_non_exhaustive()
    }
}

/// Makes the output longer, by zeros that are to be written over.
pub(super) fn lengthen(output: &mut Vec<u8>, size: usize) -> Result<(), TryReserveError> {
    output.try_reserve(size)?;
    output.resize(output.len() + size, 0);
    Ok(())
}

/// The size of output to begin with where a codec does not say reliably how much will come: what
/// is announced, as far as a good ratio makes it of the input. Who needs more doubles it, so that
/// never more than twice the real output is held.
pub(super) fn first_guess(compressed: usize, announced: Option<u64>, limit: usize) -> usize {
    const GOOD_RATIO: usize = 16;
    let plausible = compressed.saturating_mul(GOOD_RATIO).min(limit);
    announced.map_or(plausible, |size| plausible.min(usize::try_from(size).unwrap_or(usize::MAX)))
}

//! Decompresses what others sent, and trusts none of it. What is announced is believed only as
//! far as the bytes that are there could keep it, and nothing grows beyond the caller's limit.

use std::fmt;

use bytes::Bytes;

use super::invalid::InvalidCompression;
use super::kept::made;
use super::{Codec, gzip, lz4, snappy, zstd};

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

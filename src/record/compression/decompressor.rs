//! Decompresses untrusted bytes. An announced size is believed only as far as the input could fill
//! it, and nothing grows beyond the caller's limit.

use std::fmt;

use bytes::Bytes;

use super::invalid::InvalidCompression;
use super::kept::made;
use super::{Codec, gzip, lz4, snappy, zstd};

/// The decompression state of a thread: the context of zstd. Those of the other codecs are small or
/// empty. The output is not kept, because records are slices of it.
#[derive(Default)]
pub struct Decompressor {
    zstd: Option<zstd::Decoder>,
}

impl Decompressor {
    pub fn new() -> Self {
        Self::default()
    }

    /// Decompresses bytes, up to `limit`. Uncompressed bytes are returned without a copy, and the
    /// limit does not apply: they are in memory already.
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

//! Compresses one batch after the other. Codec contexts and the output buffer are created on first
//! use and kept: creating them costs more than a small batch.

use std::fmt;

use bytes::Bytes;

use super::kept::made;
use super::{Codec, Compression, gzip, lz4, snappy, zstd};
use crate::wire::copied;

/// The compression state of a thread. It allocates nothing before the first use.
#[derive(Default)]
pub struct Compressor {
    gzip: Option<gzip::Encoder>,
    snappy: Option<snappy::Encoder>,
    lz4: Option<lz4::Encoder>,
    zstd: Option<zstd::Encoder>,
    /// As long as the worst case of the largest batch so far. Batches get exact copies, because
    /// they stay in memory until they are acknowledged.
    output: Vec<u8>,
}

impl Compressor {
    pub fn new() -> Self {
        Self::default()
    }

    /// Compresses `records`. Returns `None` if that would not make them smaller, or if there is no
    /// memory.
    pub fn compress(&mut self, compression: Compression, records: &[u8]) -> Option<Bytes> {
        let size = match compression.codec() {
            Codec::None => None,
            Codec::Gzip => {
                // No larger than the records: a larger result is useless.
                let output = room(&mut self.output, records.len())?;
                self.gzip.get_or_insert_default().compress(records, compression.level(), output)
            }
            Codec::Snappy => {
                let output = room(&mut self.output, snappy::most(records.len()))?;
                self.snappy.get_or_insert_default().compress(records, output)
            }
            Codec::Lz4 => {
                let output = room(&mut self.output, lz4::most(records.len()))?;
                self.lz4.get_or_insert_default().compress(records, output)
            }
            Codec::Zstd => {
                let output = room(&mut self.output, records.len())?;
                let encoder = made(&mut self.zstd, zstd::Encoder::new)?;
                encoder.compress(records, compression.level(), output)
            }
        };
        let size = size.filter(|size| *size < records.len())?;
        Some(copied(&self.output[..size]).ok()?.into())
    }
}

/// Returns the first `size` bytes of a buffer that only grows, so its bytes are zeroed once.
fn room(output: &mut Vec<u8>, size: usize) -> Option<&mut [u8]> {
    if output.len() < size {
        output.try_reserve_exact(size - output.len()).ok()?;
        output.resize(size, 0);
    }
    Some(&mut output[..size])
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}

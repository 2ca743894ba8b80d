//! Zstandard, through its C library. Writes one frame with its size and without a checksum; the
//! batch has one.

use zstd::zstd_safe::{CCtx, CParameter, DCtx, get_frame_content_size};

use super::Codec;
use super::invalid::InvalidCompression;
use super::output::first_guess;
use crate::wire::reserved;

/// The magic number of a frame.
const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();

/// zstd's error 70, negated: the output is too small.
const OUTPUT_TOO_SMALL: usize = 0_usize.wrapping_sub(70);

pub(super) struct Encoder {
    context: CCtx<'static>,
    level: i32,
}

impl Encoder {
    /// Returns `None` if there is no memory.
    pub(super) fn new() -> Option<Self> {
        Some(Self { context: CCtx::try_create()?, level: 0 })
    }

    /// Returns the size of the result in `output`. Returns `None` if that is too small, or if there
    /// is no memory for the tables of a high level.
    pub(super) fn compress(
        &mut self,
        records: &[u8],
        level: i32,
        output: &mut [u8],
    ) -> Option<usize> {
        if self.level != level {
            self.context.set_parameter(CParameter::CompressionLevel(level)).ok()?;
            self.level = level;
        }
        self.context.compress2(output, records).ok()
    }
}

pub(super) struct Decoder(DCtx<'static>);

impl Decoder {
    /// Returns `None` if there is no memory.
    pub(super) fn new() -> Option<Self> {
        DCtx::try_create().map(Self)
    }

    /// In one step: streaming would allocate a window as large as the frame demands.
    pub(super) fn decompress(
        &mut self,
        compressed: &[u8],
        limit: usize,
    ) -> Result<Vec<u8>, InvalidCompression> {
        let corrupt = |what| InvalidCompression::Corrupt(Codec::Zstd, what);
        let too_large = InvalidCompression::TooLarge { limit };
        if !compressed.starts_with(&MAGIC) {
            return Err(corrupt("it does not begin as zstd does"));
        }
        let announced = get_frame_content_size(compressed)
            .map_err(|_| corrupt("its frame's header is damaged"))?;
        if announced.is_some_and(|size| size > limit as u64) {
            return Err(too_large);
        }
        let mut size = first_guess(compressed.len(), announced, limit);
        loop {
            let mut records = reserved(size)?;
            match self.0.decompress(&mut records, compressed) {
                Ok(_) if records.len() > limit => return Err(too_large),
                Ok(_) => return Ok(records),
                Err(OUTPUT_TOO_SMALL) if size < limit => size = (size * 2).clamp(1, limit),
                Err(OUTPUT_TOO_SMALL) => return Err(too_large),
                Err(_) => return Err(corrupt("it is damaged or cut off")),
            }
        }
    }
}

//! Gzip, RFC 1952. Writes one member; reads any number of them.

use std::io::{ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;
use flate2::{Compress, Compression as Level, FlushCompress, Status};

use super::Codec;
use super::invalid::InvalidCompression;
use super::output::first_guess;
use crate::wire::reserved;

/// The largest window of gzip, as a power of two.
const WINDOW_BITS: u8 = 15;

/// The first bytes of a member: gzip's magic number, and deflate, its only method.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

#[derive(Default)]
pub(super) struct Encoder {
    /// With its level: another level needs other tables.
    context: Option<(i32, Compress)>,
}

impl Encoder {
    /// Returns the size of the result in `output`, or `None` if that is too small.
    pub(super) fn compress(
        &mut self,
        records: &[u8],
        level: i32,
        output: &mut [u8],
    ) -> Option<usize> {
        if self.context.as_ref().is_none_or(|(of, _)| *of != level) {
            let context = Compress::new_gzip(Level::new(level as u32), WINDOW_BITS);
            self.context = Some((level, context));
        }
        let (_, context) = self.context.as_mut()?;
        context.reset();
        match context.compress(records, output, FlushCompress::Finish) {
            Ok(Status::StreamEnd) => Some(context.total_out() as usize),
            _ => None,
        }
    }
}

pub(super) fn decompress(compressed: &[u8], limit: usize) -> Result<Vec<u8>, InvalidCompression> {
    let corrupt = |what| InvalidCompression::Corrupt(Codec::Gzip, what);
    // Before the decoder allocates.
    if !compressed.starts_with(&MAGIC) {
        return Err(corrupt("it does not begin as gzip does"));
    }
    // The last four bytes are the size of the last member.
    let announced = compressed.last_chunk().map(|size| u64::from(u32::from_le_bytes(*size)));
    let mut records = reserved(first_guess(compressed.len(), announced, limit))?;
    // One byte more than allowed, to notice that there is more.
    let read = MultiGzDecoder::new(compressed)
        .take(limit as u64 + 1)
        .read_to_end(&mut records)
        .map_err(|error| match error.kind() {
            ErrorKind::OutOfMemory => InvalidCompression::OutOfMemory,
            _ => corrupt("it is damaged or cut off"),
        })?;
    if read > limit { Err(InvalidCompression::TooLarge { limit }) } else { Ok(records) }
}

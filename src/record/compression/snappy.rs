//! Snappy. Writes one raw block, as librdkafka and franz-go do; it has the better ratio. Reads also
//! the framing of snappy-java, which the Java client writes.

use super::Codec;
use super::invalid::InvalidCompression;
use super::output::lengthen;

/// The magic number of snappy-java. No raw block begins like this: its first element cannot be a
/// copy.
const JAVA_MAGIC: &[u8] = b"\x82SNAPPY\0";

/// The version, and the oldest compatible version. There is only version 1.
const JAVA_VERSIONS: &[u8] = &[0, 0, 0, 1, 0, 0, 0, 1];

/// Maximum output bytes per input byte: a copy of 64 bytes takes three.
const BEST_RATIO: usize = 22;

pub(super) fn most(records: usize) -> usize {
    snap::raw::max_compress_len(records)
}

pub(super) struct Encoder(snap::raw::Encoder);

impl Default for Encoder {
    fn default() -> Self {
        Self(snap::raw::Encoder::new())
    }
}

impl Encoder {
    /// Returns the size of the result in `output`, or `None` for more than 4 GiB.
    pub(super) fn compress(&mut self, records: &[u8], output: &mut [u8]) -> Option<usize> {
        self.0.compress(records, output).ok()
    }
}

pub(super) fn decompress(compressed: &[u8], limit: usize) -> Result<Vec<u8>, InvalidCompression> {
    let mut records = Vec::new();
    let Some(framed) = compressed.strip_prefix(JAVA_MAGIC) else {
        append_block(compressed, limit, &mut records)?;
        return Ok(records);
    };
    let Some(mut blocks) = framed.strip_prefix(JAVA_VERSIONS) else {
        return Err(corrupt("its framing is of an unknown version"));
    };
    while !blocks.is_empty() {
        let (size, rest) = blocks.split_first_chunk().ok_or(corrupt(CUT_OFF))?;
        let size = u32::from_be_bytes(*size) as usize;
        let (block, rest) = rest.split_at_checked(size).ok_or(corrupt(CUT_OFF))?;
        append_block(block, limit, &mut records)?;
        blocks = rest;
    }
    Ok(records)
}

fn append_block(
    block: &[u8],
    limit: usize,
    records: &mut Vec<u8>,
) -> Result<(), InvalidCompression> {
    let size = match snap::raw::decompress_len(block) {
        Ok(size) if size <= block.len().saturating_mul(BEST_RATIO) => size,
        _ => return Err(corrupt("a block's size is wrong")),
    };
    let start = records.len();
    if size > limit - start {
        return Err(InvalidCompression::TooLarge { limit });
    }
    lengthen(records, size)?;
    match snap::raw::Decoder::new().decompress(block, &mut records[start..]) {
        Ok(written) if written == size => Ok(()),
        _ => Err(corrupt("a block is damaged")),
    }
}

const CUT_OFF: &str = "it is cut off";

fn corrupt(what: &'static str) -> InvalidCompression {
    InvalidCompression::Corrupt(Codec::Snappy, what)
}

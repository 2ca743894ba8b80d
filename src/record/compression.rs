//! Compression of a batch's records, as one stream. The batch's attributes name the codec.

mod compressor;
mod decompressor;
mod gzip;
mod invalid;
mod kept;
mod lz4;
mod output;
mod snappy;
mod zstd;

use crate::config::{Codec, Compression};

pub use compressor::Compressor;
pub use decompressor::Decompressor;
pub use invalid::InvalidCompression;

/// Returns the codec in the lowest three bits of a batch's attributes.
pub(super) fn codec_of(attributes: i16) -> Result<Codec, InvalidCompression> {
    let id = attributes & 0b111;
    Codec::from_id(id).ok_or(InvalidCompression::UnknownCodec(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scarce::with_at_most;

    /// More than any codec allocates for itself.
    const OWN: usize = 300_000;

    #[test]
    fn what_finds_no_memory_is_not_compressed() {
        let records: Vec<u8> = (0..2_000_000_u32).map(|n| (n / 7) as u8).collect();
        for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
            let compression = Compression::new(codec, None).unwrap();
            let mut compressor = Compressor::new();
            let scarce = with_at_most(OWN, || compressor.compress(compression, &records));
            assert!(scarce.is_none(), "{codec:?}");
            let compressed = compressor.compress(compression, &records).expect("it shrinks");
            let mut decompressor = Decompressor::new();
            let mut decompress = || decompressor.decompress(codec, &compressed, records.len());
            assert_eq!(with_at_most(OWN, &mut decompress), Err(InvalidCompression::OutOfMemory));
            assert_eq!(decompress().unwrap(), records);
        }
    }
}

//! How records go through the codecs. A batch's records are compressed as one stream; the codec's
//! number stands in the batch's attributes.

mod compressor;
mod decompressor;
mod gzip;
mod lz4;
mod snappy;
mod zstd;

use crate::config::{Codec, Compression};

pub use compressor::Compressor;
pub use decompressor::{Decompressor, InvalidCompression};

/// The codec that a batch's attributes name, in their lowest three bits.
pub(super) fn codec_of(attributes: i16) -> Result<Codec, InvalidCompression> {
    let id = attributes & 0b111;
    Codec::from_id(id).ok_or(InvalidCompression::UnknownCodec(id))
}

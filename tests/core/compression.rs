//! Tests of the codecs: every codec at every level round-trips, in the exact form that Kafka
//! expects. Data that would not shrink stays uncompressed, and the output of other clients can be
//! read.

pub(crate) mod foreign;
mod levels;

use bytes::Bytes;
use dekaf::record::{
    BATCH_OVERHEAD, BatchBuilder, Codec, Compression, Compressor, Decompressor, Identity,
    InvalidBatch, InvalidCompression, Record, SealedBatch, decode_batch, decode_batch_within,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::properties::config;
use crate::record::{OwnedRecord, filled, identities, records, uncompressed};

/// Returns every codec at every level, with a selection of zstd's negative levels.
pub(crate) fn every_compression() -> Vec<Compression> {
    let gzip = (1..=9).map(|level| (Codec::Gzip, Some(level)));
    let zstd = [-131_072, -1000, -50, -5, -1].into_iter().chain(1..=22);
    [(Codec::None, None), (Codec::Snappy, None), (Codec::Lz4, None)]
        .into_iter()
        .chain(gzip)
        .chain(zstd.map(|level| (Codec::Zstd, Some(level))))
        .map(|(codec, level)| Compression::new(codec, level).expect("a level of the codec's"))
        .collect()
}

/// Returns every compressing codec at its default level.
pub(crate) fn every_codec() -> impl Iterator<Item = Compression> {
    let real = Codec::ALL.into_iter().filter(|codec| *codec != Codec::None);
    real.map(|codec| Compression::new(codec, None).expect("the default level"))
}

/// Returns bytes with repetitions at some distance.
pub(crate) fn text(size: usize) -> Bytes {
    let mut text = String::with_capacity(size + 100);
    for number in 0_u64.. {
        if text.len() >= size {
            break;
        }
        let user = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        text += "{\"id\":";
        text += &number.to_string();
        text += ",\"state\":\"active\",\"user\":\"u-";
        text += &user.to_string();
        text += "\"}";
    }
    text.truncate(size);
    text.into()
}

/// Returns pseudo-random bytes, which do not compress.
pub(crate) fn noise(size: usize) -> Bytes {
    let mut state = 1_u64;
    let byte = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..size).map(byte).collect()
}

fn of_value(value: &[u8]) -> BatchBuilder {
    let mut batch = BatchBuilder::with_capacity(0);
    batch.append(&Record { timestamp: 1, key: None, value: Some(value), headers: &[] });
    batch
}

fn attributes(batch: &Bytes) -> i16 {
    i16::from_be_bytes([batch[21], batch[22]])
}

proptest! {
    #![proptest_config(config(30))]

    /// One compressor is used for all cases, so that dependence on a fresh context would fail.
    #[test]
    fn records_come_back_from_every_codec_and_level(
        cases in vec((vec(records(), 1..40), 1_usize..8), 1..4), identity in identities(),
    ) {
        let (mut compressor, mut decompressor) = (Compressor::new(), Decompressor::new());
        for (records, times) in cases {
            // Repeat the records, so that some batches shrink.
            let records: Vec<_> = std::iter::repeat_n(&records, times).flatten().cloned().collect();
            let expected: Vec<_> = records.iter().map(OwnedRecord::decoded).collect();
            let plain = filled(&records).size();
            for compression in every_compression() {
                let batch = filled(&records).seal(compression, &mut compressor);
                prop_assert_eq!(batch.uncompressed_size(), plain);
                if batch.codec() == Codec::None {
                    prop_assert_eq!(batch.size(), plain);
                } else {
                    prop_assert_eq!(batch.codec(), compression.codec());
                    prop_assert!(batch.size() < plain);
                }
                let bytes = batch.to_bytes(identity);
                prop_assert_eq!(attributes(&bytes), batch.codec().id());
                let limit = plain - BATCH_OVERHEAD;
                let read = decode_batch_within(limit, &bytes, &mut decompressor).unwrap();
                prop_assert_eq!(read.identity, identity);
                prop_assert_eq!(read.attributes, batch.codec().id());
                prop_assert_eq!(&read.records, &expected);
            }
        }
    }

    #[test]
    fn incompressible_records_are_stored_uncompressed(value in vec(any::<u8>(), 0..600)) {
        let mut compressor = Compressor::new();
        let plain = uncompressed(of_value(&value));
        for compression in every_compression() {
            let batch = of_value(&value).seal(compression, &mut compressor);
            prop_assert!(batch.size() <= plain.size());
            if batch.codec() == Codec::None {
                let (ours, theirs) = (batch.header(Identity::NONE), plain.header(Identity::NONE));
                prop_assert_eq!(ours, theirs);
                prop_assert_eq!(batch.body(), plain.body());
            }
        }
    }
}

/// Around lz4's block size of 64 KiB; it uses a smaller table for smaller inputs.
const SIZES: [usize; 11] =
    [1, 2, 13, 1000, 65_534, 65_535, 65_536, 65_537, 131_072, 200_001, 1_048_576];

#[test]
fn every_size_comes_back() {
    let (mut compressor, mut decompressor) = (Compressor::new(), Decompressor::new());
    for size in SIZES {
        let half = [text(size / 2), noise(size - size / 2)].concat();
        for bytes in [text(size), noise(size), Bytes::from(vec![0; size]), Bytes::from(half)] {
            for compression in every_codec() {
                let codec = compression.codec();
                let Some(compressed) = compressor.compress(compression, &bytes) else {
                    continue;
                };
                assert!(compressed.len() < size, "{codec}, {size} bytes");
                let read = decompressor.decompress(codec, &compressed, size);
                assert!(read.as_ref() == Ok(&bytes), "{codec}, {size} bytes");
                let short = decompressor.decompress(codec, &compressed, size - 1);
                let refused = Err(InvalidCompression::TooLarge { limit: size - 1 });
                assert!(short == refused, "{codec}, {size} bytes");
            }
        }
    }
}

#[test]
fn text_is_compressed_and_noise_is_not() {
    let mut compressor = Compressor::new();
    for compression in every_compression().into_iter().skip(1) {
        let batch = of_value(&noise(100_000)).seal(compression, &mut compressor);
        assert_eq!(batch.codec(), Codec::None, "{compression:?}");
        assert_eq!(attributes(&batch.to_bytes(Identity::NONE)), 0, "{compression:?}");
        if compression.level() >= -5 {
            let batch = of_value(&text(100_000)).seal(compression, &mut compressor);
            assert_eq!(batch.codec(), compression.codec(), "{compression:?}");
            assert!(batch.size() < 60_000, "{compression:?} makes it {}", batch.size());
        }
    }
}

fn start(codec: Codec) -> Bytes {
    let compression = Compression::new(codec, None).expect("the default level");
    Compressor::new().compress(compression, &text(100_000)).expect("text shrinks")
}

#[test]
fn the_forms_are_kafkas() {
    // A deflate member without name and modification time.
    assert_eq!(start(Codec::Gzip)[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
    // No framing: the size as a varint, then a literal.
    assert_eq!(start(Codec::Snappy)[..3], [0xa0, 0x8d, 0x06]);
    assert_eq!(start(Codec::Snappy)[3] & 0b11, 0);
    // A frame of version 1 with independent 64 KiB blocks, no checksums and no size, and its end
    // mark.
    assert_eq!(start(Codec::Lz4)[..7], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]);
    assert!(start(Codec::Lz4).ends_with(&[0; 4]));
    // A frame with a content size of four bytes and no checksum.
    assert_eq!(start(Codec::Zstd)[..5], [0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000]);
    assert_eq!(start(Codec::Zstd)[5..9], 100_000_u32.to_le_bytes());
}

#[test]
fn the_checksum_is_of_what_is_sent() {
    for compression in every_codec() {
        let batch = of_value(&text(1000)).seal(compression, &mut Compressor::new());
        let bytes = batch.to_bytes(Identity::NONE);
        for at in BATCH_OVERHEAD..bytes.len() {
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 1;
            assert_eq!(decode_batch(&damaged.into()), Err(InvalidBatch::Checksum));
        }
    }
}

#[test]
fn a_codec_that_does_not_exist_is_refused_by_number() {
    let decode = |id: i16| {
        let mut bytes = uncompressed(of_value(b"v")).to_bytes(Identity::NONE).to_vec();
        bytes[21..23].copy_from_slice(&id.to_be_bytes());
        let crc = crc32c::crc32c(&bytes[21..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        decode_batch(&bytes.into())
    };
    for id in 5..8 {
        let refused = InvalidBatch::Compression(InvalidCompression::UnknownCodec(id));
        assert_eq!(decode(id), Err(refused));
        assert!(refused.to_string().contains(&id.to_string()), "{refused}");
    }
    assert!(decode(0).is_ok());
}

#[test]
fn a_sealed_batch_says_what_was_done() {
    let zstd = Compression::new(Codec::Zstd, None).unwrap();
    let seal = |value: &[u8]| -> SealedBatch { of_value(value).seal(zstd, &mut Compressor::new()) };
    let (shrunk, left) = (seal(&text(5000)), seal(&noise(5000)));
    assert_eq!((shrunk.codec(), left.codec()), (Codec::Zstd, Codec::None));
    assert_eq!(shrunk.uncompressed_size(), left.uncompressed_size());
    assert_eq!(left.size(), left.uncompressed_size());
    assert!(shrunk.size() < left.size() / 2);
}

//! Hostile compressed data that announces more than it contains, or contains more than allowed.
//! Internal memory of zstd's C library is not counted: it decompresses in one call, into a Rust
//! buffer.

use std::io::Write;

use bytes::Bytes;
use dekaf::record::{
    BATCH_OVERHEAD, BatchBuilder, Codec, Compression, Compressor, Decompressor, Identity,
    InvalidBatch, InvalidCompression, Record, decode_batch,
};
use dekaf::wire::MAX_FRAME;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::bounds::{self, INFLATE};
use super::lengths::resealed;
use super::memory;
use crate::compression::every_codec;
use crate::properties::check;
use crate::record::{filled, records, uncompressed};

/// Decompresses, and fails if that takes more memory than allowed.
fn decompress(
    codec: Codec,
    compressed: &Bytes,
    limit: usize,
) -> Result<Result<Bytes, InvalidCompression>, TestCaseError> {
    let mut decompressor = Decompressor::new();
    let (result, peak) = memory::peak(|| decompressor.decompress(codec, compressed, limit));
    let bound = bounds::decompressing(codec, limit);
    prop_assert!(peak <= bound, "{}: {} bytes took {}", codec, compressed.len(), peak);
    Ok(result)
}

/// Returns valid starts of each codec's data.
fn starts(codec: Codec) -> Vec<&'static [u8]> {
    match codec {
        Codec::None => vec![],
        Codec::Gzip => vec![&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], &[0x1f, 0x8b, 8]],
        Codec::Snappy => vec![b"", b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\0\0"],
        Codec::Lz4 => vec![
            &[0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82],
            &[0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73],
        ],
        Codec::Zstd => vec![&[0x28, 0xb5, 0x2f, 0xfd], &[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88]],
    }
}

#[test]
fn arbitrary_bytes_do_no_harm() {
    for codec in every_codec().map(Compression::codec) {
        for limit in [0, 1, 1000, 100_000] {
            let bytes = (select(starts(codec)), vec(any::<u8>(), 0..200));
            check(300, &format!("{codec} within {limit}"), &bytes, |(start, rest)| {
                let compressed = Bytes::from([start, &rest].concat());
                let result = decompress(codec, &compressed, limit)?;
                prop_assert!(result.is_err() || result.is_ok_and(|bytes| bytes.len() <= limit));
                Ok(())
            });
        }
    }
}

#[test]
fn damaged_batches_do_no_harm() {
    let damage = vec((any::<Index>(), any::<u8>()), 1..4);
    let cases = (vec(records(), 1..20), damage, any::<Index>(), any::<bool>());
    for compression in every_codec() {
        let codec = compression.codec();
        check(100, codec.name(), &cases, |(records, damage, cut, cuts)| {
            let records: Vec<_> = std::iter::repeat_n(records, 3).flatten().collect();
            let batch = filled(&records).seal(compression, &mut Compressor::new());
            prop_assume!(batch.codec() == codec);
            let mut bytes = batch.to_bytes(Identity::NONE).to_vec();
            for (at, with) in damage {
                let at = BATCH_OVERHEAD + at.index(bytes.len() - BATCH_OVERHEAD);
                bytes[at] = with;
            }
            if cuts {
                bytes.truncate(BATCH_OVERHEAD + cut.index(bytes.len() - BATCH_OVERHEAD));
            }
            let bytes = resealed(bytes);
            let _ = decompress(codec, &bytes.slice(BATCH_OVERHEAD..), 100_000)?;
            let _ = decode_batch(&bytes);
            Ok(())
        });
    }
}

/// Returns 100 MB of zeros, compressed as far as each codec can.
fn bombs() -> Vec<(Codec, Bytes)> {
    let chunk = vec![0; 100_000];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut zstd = zstd::stream::write::Encoder::new(Vec::new(), 19).expect("a context");
    for _ in 0..1000 {
        gzip.write_all(&chunk).expect("memory");
        zstd.write_all(&chunk).expect("memory");
    }
    let zstd = zstd.finish().expect("memory");
    let snappy = snap::raw::Encoder::new().compress_vec(&chunk).expect("memory");
    let mut framed = starts(Codec::Snappy)[1][..16].to_vec();
    // 4 MiB for each block.
    let mut lz4 = starts(Codec::Lz4)[1].to_vec();
    let block = lz4_flex::block::compress(&vec![0; 4 << 20]);
    for _ in 0..1000 {
        framed.extend_from_slice(&(snappy.len() as u32).to_be_bytes());
        framed.extend_from_slice(&snappy);
    }
    for _ in 0..25 {
        lz4.extend_from_slice(&(block.len() as u32).to_le_bytes());
        lz4.extend_from_slice(&block);
    }
    lz4.extend_from_slice(&[0; 4]);
    // The same zeros again, in a frame with a content size.
    let size = zstd::bulk::compress(&vec![0; 100_000_000], 1).expect("memory");
    let gzip = gzip.finish().expect("memory");
    vec![
        (Codec::Gzip, gzip.into()),
        (Codec::Snappy, framed.into()),
        (Codec::Lz4, lz4.into()),
        (Codec::Zstd, zstd.into()),
        (Codec::Zstd, size.into()),
    ]
}

#[test]
fn decompression_bombs_are_rejected() {
    for (codec, bomb) in bombs() {
        for limit in [0, 1, 10_000, 1_000_000] {
            let result = decompress(codec, &bomb, limit).expect("little memory");
            assert_eq!(result, Err(InvalidCompression::TooLarge { limit }), "{codec}");
        }
    }
}

#[test]
fn a_batch_has_its_own_decompression_limit() {
    // 200 MB in two members.
    let (_, bomb) = bombs().swap_remove(0);
    let mut batch = BatchBuilder::with_capacity(0);
    batch.append(&Record { timestamp: 0, key: None, value: None, headers: &[] });
    let mut batch = uncompressed(batch).header(Identity::NONE).to_vec();
    batch[21..23].copy_from_slice(&Codec::Gzip.id().to_be_bytes());
    batch.extend_from_slice(&bomb);
    batch.extend_from_slice(&bomb);
    let refused = InvalidCompression::TooLarge { limit: MAX_FRAME };
    assert_eq!(decode_batch(&resealed(batch)), Err(InvalidBatch::Compression(refused)));
}

#[test]
fn announced_lengths_are_not_trusted() {
    const LIMIT: usize = 50_000_000;
    let held = |codec, bytes: Vec<u8>| {
        let bytes = Bytes::from(bytes);
        let mut decompressor = Decompressor::new();
        let (result, peak) = memory::peak(|| decompressor.decompress(codec, &bytes, LIMIT));
        assert!(result.is_err(), "{codec}");
        peak
    };
    // Each announces 40 MB, without the data.
    let size = 40_000_000_u32;
    let mut gzip = starts(Codec::Gzip)[0].to_vec();
    gzip.extend_from_slice(&size.to_le_bytes());
    assert!(held(Codec::Gzip, gzip) < INFLATE + 1000);
    assert!(held(Codec::Snappy, vec![0x80, 0xb4, 0x89, 0x13, 0, 0]) < 1000);
    let mut zstd = vec![0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000];
    zstd.extend_from_slice(&size.to_le_bytes());
    zstd.extend_from_slice(&[1, 0, 0]);
    assert!(held(Codec::Zstd, zstd) < 1000);
    // Blocks of 4 MiB, of which the first is incomplete.
    let mut lz4 = starts(Codec::Lz4)[1].to_vec();
    lz4.extend_from_slice(&[5, 0, 0, 0, 0x1f, 0, 1, 0, 0xff]);
    assert!(held(Codec::Lz4, lz4) < 5000);
}

//! Compressed data of other clients in forms that dekaf never writes: read or refused as in Kafka.

use std::io::Write;

use bytes::Bytes;
use dekaf::record::{Codec, Decompressor, InvalidCompression};
use flate2::write::{GzEncoder, ZlibEncoder};
use twox_hash::XxHash32;
use zstd::stream::write::Encoder as ZstdEncoder;

use super::{noise, text};

fn read(codec: Codec, compressed: &[u8]) -> Result<Bytes, InvalidCompression> {
    let compressed = Bytes::copy_from_slice(compressed);
    Decompressor::new().decompress(codec, &compressed, 1 << 20)
}

#[track_caller]
fn refused(codec: Codec, compressed: &[u8], why: &str) {
    let error = read(codec, compressed).expect_err("Kafka refuses it");
    assert!(matches!(error, InvalidCompression::Corrupt(of, _) if of == codec), "{error:?}");
    assert!(error.to_string().contains(why), "{error}");
}

fn snappy(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(bytes).expect("memory")
}

/// The framing of snappy-java, with blocks of 32 KiB.
fn framed_snappy(bytes: &[u8]) -> Vec<u8> {
    let mut out = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for chunk in bytes.chunks(32 * 1024) {
        let block = snappy(chunk);
        out.extend_from_slice(&(block.len() as u32).to_be_bytes());
        out.extend_from_slice(&block);
    }
    out
}

#[test]
fn snappy_of_the_java_client() {
    for bytes in [text(100_000), noise(50_000), text(1)] {
        assert_eq!(read(Codec::Snappy, &framed_snappy(&bytes)).unwrap(), bytes);
    }
    let whole = framed_snappy(&text(40_000));
    for cut in 1..whole.len() {
        // A cut between two blocks is not detectable.
        if let Ok(bytes) = read(Codec::Snappy, &whole[..cut]) {
            assert!([0, 32 * 1024].contains(&bytes.len()), "{cut}");
        }
    }
    let mut newer = whole;
    newer[15] = 2;
    refused(Codec::Snappy, &newer, "version");
}

#[test]
fn snappy_in_googles_framing_is_refused() {
    let mut framed = snap::write::FrameEncoder::new(Vec::new());
    framed.write_all(&text(1000)).unwrap();
    refused(Codec::Snappy, &framed.into_inner().unwrap(), "a block");
}

#[test]
fn snappy_with_an_excessive_length_is_refused() {
    // Announces 4 GiB, 1 MiB; no data follows.
    for promise in [&[0xff, 0xff, 0xff, 0xff, 0x0f][..], &[0x80, 0x80, 0x40], &[]] {
        refused(Codec::Snappy, promise, "block");
    }
}

#[test]
fn gzip_of_several_members_with_names() {
    let (one, other) = (text(1000), noise(100));
    let mut named = flate2::GzBuilder::new()
        .filename("f")
        .comment("c")
        .extra(*b"x")
        .write(Vec::new(), flate2::Compression::fast());
    named.write_all(&one).unwrap();
    let mut plain = GzEncoder::new(named.finish().unwrap(), flate2::Compression::none());
    plain.write_all(&other).unwrap();
    let both = plain.finish().unwrap();
    assert_eq!(read(Codec::Gzip, &both).unwrap(), [one, other].concat());
    refused(Codec::Gzip, &both[..both.len() - 1], "cut off");
    refused(Codec::Gzip, &[&both[..], b"more"].concat(), "damaged");
}

#[test]
fn zlib_and_raw_deflate_are_refused() {
    let mut zlib = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    zlib.write_all(&text(1000)).unwrap();
    let zlib = zlib.finish().unwrap();
    refused(Codec::Gzip, &zlib, "begin");
    refused(Codec::Gzip, &zlib[2..], "begin");
}

#[test]
fn zstd_of_streams() {
    let bytes = text(300_000);
    // Without a content size, with a checksum; two frames.
    let mut stream = ZstdEncoder::new(Vec::new(), 1).unwrap();
    stream.include_checksum(true).unwrap();
    stream.include_contentsize(false).unwrap();
    stream.write_all(&bytes).unwrap();
    let frame = stream.finish().unwrap();
    assert_eq!(read(Codec::Zstd, &frame).unwrap(), bytes);
    assert_eq!(
        read(Codec::Zstd, &[&frame[..], &frame].concat()).unwrap(),
        [&bytes[..], &bytes].concat()
    );
    let mut damaged = frame.clone();
    *damaged.last_mut().unwrap() ^= 1;
    refused(Codec::Zstd, &damaged, "damaged");
    refused(Codec::Zstd, &frame[..frame.len() - 1], "cut off");
    refused(Codec::Zstd, &[&frame[..], b"more"].concat(), "damaged");
}

const INDEPENDENT: u8 = 0b0110_0000;
const LINKED: u8 = 0b0100_0000;
const BLOCK_CHECKSUMS: u8 = 0b0001_0000;
const CONTENT_SIZE: u8 = 0b0000_1000;
const CONTENT_CHECKSUM: u8 = 0b0000_0100;
const DICTIONARY: u8 = 0b0000_0001;

/// Builds a frame with the fields that its flags require.
fn lz4_frame(bytes: &[u8], flags: u8, block_size: u8) -> Vec<u8> {
    let mut out = vec![0x04, 0x22, 0x4d, 0x18, flags, block_size];
    if flags & CONTENT_SIZE != 0 {
        out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    }
    if flags & DICTIONARY != 0 {
        out.extend_from_slice(&[1, 2, 3, 4]);
    }
    out.push((XxHash32::oneshot(0, &out[4..]) >> 8) as u8);
    for chunk in bytes.chunks(1 << (8 + 2 * (block_size >> 4))) {
        let block = lz4_flex::block::compress(chunk);
        let (size, block) = if block.len() < chunk.len() {
            (block.len() as u32, &block[..])
        } else {
            (chunk.len() as u32 | 1 << 31, chunk)
        };
        out.extend_from_slice(&size.to_le_bytes());
        out.extend_from_slice(block);
        if flags & BLOCK_CHECKSUMS != 0 {
            out.extend_from_slice(&XxHash32::oneshot(0, block).to_le_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    if flags & CONTENT_CHECKSUM != 0 {
        out.extend_from_slice(&XxHash32::oneshot(0, bytes).to_le_bytes());
    }
    out
}

/// Returns a small sample of each form that dekaf reads but never writes.
pub(crate) fn samples() -> Vec<(Codec, Vec<u8>)> {
    let bytes = text(300);
    let mut gzip = flate2::GzBuilder::new()
        .filename("f")
        .extra(*b"x")
        .write(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&bytes).expect("memory");
    let mut zstd = ZstdEncoder::new(Vec::new(), 1).expect("memory");
    zstd.include_checksum(true).expect("memory");
    zstd.include_contentsize(false).expect("memory");
    zstd.write_all(&bytes).expect("memory");
    let everything = INDEPENDENT | BLOCK_CHECKSUMS | CONTENT_SIZE | CONTENT_CHECKSUM;
    vec![
        (Codec::Gzip, gzip.finish().expect("memory")),
        (Codec::Snappy, framed_snappy(&bytes)),
        (Codec::Lz4, lz4_frame(&bytes, everything, 0x70)),
        (Codec::Lz4, lz4_frame(&noise(100), everything, 0x40)),
        (Codec::Zstd, zstd.finish().expect("memory")),
    ]
}

#[test]
fn lz4_with_everything_that_is_allowed() {
    let bytes = [text(300_000), noise(100_000)].concat();
    for sums in [0, BLOCK_CHECKSUMS, CONTENT_CHECKSUM, BLOCK_CHECKSUMS | CONTENT_CHECKSUM] {
        for flags in [INDEPENDENT | sums, INDEPENDENT | sums | CONTENT_SIZE] {
            for block_size in [0x40, 0x50, 0x60, 0x70] {
                let frame = lz4_frame(&bytes, flags, block_size);
                assert!(read(Codec::Lz4, &frame).unwrap() == bytes, "{flags:#x} {block_size:#x}");
            }
        }
    }
}

#[test]
fn corrupt_lz4_is_refused() {
    let all = INDEPENDENT | BLOCK_CHECKSUMS | CONTENT_SIZE | CONTENT_CHECKSUM;
    let frame = lz4_frame(&text(1000), all, 0x40);
    let damaged = |at: usize| {
        let mut damaged = frame.clone();
        damaged[at] ^= 1;
        damaged
    };
    refused(Codec::Lz4, &damaged(0), "begin");
    refused(Codec::Lz4, &damaged(6), "header's checksum");
    refused(Codec::Lz4, &damaged(14), "header's checksum");
    refused(Codec::Lz4, &damaged(30), "a block's checksum");
    refused(Codec::Lz4, &damaged(frame.len() - 1), "its checksum");
    for cut in 0..frame.len() {
        refused(Codec::Lz4, &frame[..cut], "cut off");
    }
    refused(Codec::Lz4, &[&frame[..], &[0]].concat(), "after its end");
    // Only the content size is wrong; the header checksum is right.
    let mut longer = lz4_frame(&text(1000), INDEPENDENT | CONTENT_SIZE, 0x40);
    longer[6] ^= 1;
    longer[14] = (XxHash32::oneshot(0, &longer[4..14]) >> 8) as u8;
    refused(Codec::Lz4, &longer, "its size");
}

#[test]
fn lz4_that_kafka_refuses_is_refused() {
    let frame = |flags, block_size| lz4_frame(&text(1000), flags, block_size);
    refused(Codec::Lz4, &frame(LINKED, 0x40), "depend on each other");
    refused(Codec::Lz4, &frame(INDEPENDENT | DICTIONARY, 0x40), "dictionary");
    for block_size in [0x30, 0x41, 0xc0] {
        let mut frame = frame(INDEPENDENT, 0x40);
        frame[5] = block_size;
        frame[6] = (XxHash32::oneshot(0, &frame[4..6]) >> 8) as u8;
        refused(Codec::Lz4, &frame, "unknown size");
    }
    refused(Codec::Lz4, &frame(INDEPENDENT | 0b10, 0x40), "version");
    refused(Codec::Lz4, &frame(0b1010_0000, 0x40), "version");
    // The legacy format, before frames.
    refused(Codec::Lz4, &0x184C_2102_u32.to_le_bytes(), "begin");
}

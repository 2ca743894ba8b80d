//! What the fuzz targets have in common: the bounds on memory, which are those of
//! `tests/core/hostile`, and checksums that let damage through to the decoder behind them.

#[path = "../../tests/core/hostile/bounds.rs"]
mod bounds;
#[path = "../../tests/core/hostile/memory.rs"]
mod memory;

use std::cell::RefCell;

use bytes::Bytes;
use dekaf::protocol::{Field, Version};
use dekaf::record::{Codec, Compression, Compressor, Decompressor, decode_batch_within};
use dekaf::record::{DecodedBatch, InvalidBatch};
use dekaf::wire::{Reader, Writer};

/// Where a batch's length, its checksum and what that covers begin.
const LENGTH: usize = 8;
const LEADER_EPOCH: usize = 12;
const CRC: usize = 17;
const ATTRIBUTES: usize = 21;

/// Decodes, and panics if that takes more memory than it may for so many bytes.
pub fn decode_within_bounds<T>(bytes: &Bytes, decode: impl FnOnce(&Bytes) -> T) -> T {
    held(bounds::decoding(bytes.len()), || decode(bytes))
}

/// Decodes a batch with a limit for what it decompresses to.
pub fn decode_batch_within_bounds(
    limit: usize,
    batch: &Bytes,
) -> Result<DecodedBatch, InvalidBatch> {
    let codec = codec_of(batch);
    let bound = match codec {
        Codec::None => bounds::decoding(batch.len()),
        _ => bounds::decoding(limit) + bounds::decompressing(codec, limit),
    };
    let mut decompressor = Decompressor::new();
    held(bound, || decode_batch_within(limit, batch, &mut decompressor))
}

fn held<T>(bound: usize, work: impl FnOnce() -> T) -> T {
    let (result, peak) = memory::peak(work);
    assert!(peak <= bound, "{peak} bytes were held, more than {bound}");
    result
}

fn codec_of(batch: &Bytes) -> Codec {
    let id = batch.get(ATTRIBUTES + 1).map_or(0, |attributes| i16::from(attributes & 0b111));
    Codec::ALL.into_iter().find(|codec| codec.id() == id).unwrap_or(Codec::None)
}

/// A message as it is sent.
pub fn written(message: &impl Field, version: Version) -> Bytes {
    let mut out = Writer::new();
    message.encode(&mut out, version);
    out.take()
}

/// What was read is written again, and read alike.
pub fn round_trip<M: Field + PartialEq + std::fmt::Debug>(message: &M, version: Version) {
    let bytes = written(message, version);
    let mut input = Reader::new(&bytes);
    assert_eq!(M::decode(&mut input, version).as_ref(), Ok(message));
    assert_eq!(input.finish(), Ok(()));
}

/// Makes a batch's length and checksum fit what is there.
pub fn resealed(batch: &[u8]) -> Bytes {
    let mut batch = batch.to_vec();
    if batch.len() >= ATTRIBUTES {
        let length = (batch.len() - LEADER_EPOCH) as i32;
        batch[LENGTH..LEADER_EPOCH].copy_from_slice(&length.to_be_bytes());
        let crc = crc32c::crc32c(&batch[ATTRIBUTES..]);
        batch[CRC..ATTRIBUTES].copy_from_slice(&crc.to_be_bytes());
    }
    batch.into()
}

/// A codec's target: the first byte chooses a limit, which must hold; what comes out comes out
/// again after our own compressor has seen it.
pub fn decompress(codec: Codec, data: &[u8]) {
    const LIMITS: [usize; 4] = [0, 1, 1000, 200_000];
    thread_local! {
        // Kept from one input to the next, as the producer keeps it from batch to batch.
        static COMPRESSOR: RefCell<Compressor> = RefCell::default();
    }
    let Some((choice, compressed)) = data.split_first() else { return };
    let limit = LIMITS[usize::from(choice % 4)];
    let compressed = Bytes::copy_from_slice(compressed);
    let mut decompressor = Decompressor::new();
    let result = held(bounds::decompressing(codec, limit), || {
        decompressor.decompress(codec, &compressed, limit)
    });
    let Ok(records) = result else { return };
    assert!(records.len() <= limit, "{} bytes with a limit of {limit}", records.len());
    let compression = Compression::new(codec, None).expect("the default level");
    let again = COMPRESSOR.with_borrow_mut(|ours| ours.compress(compression, &records));
    if let Some(again) = again {
        let read = decompressor.decompress(codec, &again, records.len());
        assert!(read == Ok(records), "other bytes come back");
    }
}

//! Tests of batches with a valid checksum and wrong lengths or counts.

use bytes::Bytes;
use dekaf::record::{
    BATCH_OVERHEAD, BatchBuilder, DecodedBatch, Identity, InvalidBatch, Record, decode_batch,
};
use dekaf::wire::{Malformed, write_varint};

use super::stays_small;
use crate::record::uncompressed;

const CRC: usize = 17;
const ATTRIBUTES: usize = 21;
const LAST_OFFSET_DELTA: usize = 23;
const COUNT: usize = 57;

/// Corrects the length and the checksum.
pub(super) fn resealed(mut batch: Vec<u8>) -> Bytes {
    if batch.len() >= ATTRIBUTES {
        let length = (batch.len() - 12) as i32;
        batch[8..12].copy_from_slice(&length.to_be_bytes());
        let crc = crc32c(&batch[ATTRIBUTES..]);
        batch[CRC..ATTRIBUTES].copy_from_slice(&crc.to_be_bytes());
    }
    Bytes::from(batch)
}

/// An independent, bitwise CRC-32C.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 }
        })
    })
}

/// Builds a batch that announces `count` records and contains these bytes.
fn batch(count: i32, records: &[u8]) -> Bytes {
    let mut one = BatchBuilder::with_capacity(0);
    one.append(&Record { timestamp: 0, key: None, value: None, headers: &[] });
    let mut bytes = uncompressed(one).to_bytes(Identity::NONE)[..BATCH_OVERHEAD].to_vec();
    bytes[LAST_OFFSET_DELTA..][..4].copy_from_slice(&count.wrapping_sub(1).to_be_bytes());
    bytes[COUNT..][..4].copy_from_slice(&count.to_be_bytes());
    bytes.extend_from_slice(records);
    resealed(bytes)
}

/// Builds a record from these varints, with its length and attributes before them.
fn record(fields: &[i32]) -> Vec<u8> {
    let mut body = vec![0];
    for field in fields {
        write_varint(&mut body, *field);
    }
    let mut out = Vec::new();
    write_varint(&mut out, body.len() as i32);
    out.extend_from_slice(&body);
    out
}

fn read(bytes: &Bytes) -> Result<DecodedBatch, InvalidBatch> {
    stays_small(bytes, decode_batch).expect("little memory")
}

#[test]
fn a_lone_record_is_read() {
    // Timestamp, offset, null key, null value, no headers.
    assert_eq!(read(&batch(1, &record(&[0, 0, -1, -1, 0]))).unwrap().records.len(), 1);
}

#[test]
fn a_batch_shorter_than_its_header_is_refused() {
    for size in 0..BATCH_OVERHEAD {
        let mut bytes = vec![0; size];
        // The length field is right, but the batch is shorter than a header.
        if let Some(length) = bytes.get_mut(8..12) {
            length.copy_from_slice(&(size as i32 - 12).to_be_bytes());
        }
        let refusal = if size < 12 { Malformed::Truncated } else { Malformed::Length };
        assert_eq!(read(&Bytes::from(bytes)), Err(refusal.into()), "{size} bytes");
    }
}

#[test]
fn wrong_record_counts_are_refused() {
    let lone = record(&[0, 0, -1, -1, 0]);
    assert_eq!(read(&batch(i32::MAX, &lone)), Err(Malformed::Truncated.into()));
    assert_eq!(read(&batch(2, &lone)), Err(Malformed::Truncated.into()));
    for count in [0, -1, i32::MIN] {
        assert!(matches!(read(&batch(count, &lone)), Err(InvalidBatch::Inconsistent(_))));
    }
    let two = [record(&[0, 0, -1, -1, 0]), record(&[0, 1, -1, -1, 0])].concat();
    assert_eq!(read(&batch(1, &two)), Err(Malformed::Trailing.into()));
}

#[test]
fn wrong_lengths_are_refused() {
    let truncated = Err(Malformed::Truncated.into());
    let length = Err(Malformed::Length.into());
    // The length of a key, of a value; the number of headers; the lengths of a header's name and
    // value.
    assert_eq!(read(&batch(1, &record(&[0, 0, i32::MAX, -1, 0]))), truncated);
    assert_eq!(read(&batch(1, &record(&[0, 0, -1, i32::MAX, 0]))), truncated);
    assert_eq!(read(&batch(1, &record(&[0, 0, -1, -1, i32::MAX]))), truncated);
    assert_eq!(read(&batch(1, &record(&[0, 0, -1, -1, 1, i32::MAX]))), truncated);
    assert_eq!(read(&batch(1, &record(&[0, 0, -1, -1, 1, 0, i32::MAX]))), truncated);
    for negative in [-2, i32::MIN] {
        assert_eq!(read(&batch(1, &record(&[0, 0, negative, -1, 0]))), length);
        assert_eq!(read(&batch(1, &record(&[0, 0, -1, negative, 0]))), length);
        assert_eq!(read(&batch(1, &record(&[0, 0, -1, -1, 1, negative]))), length);
        assert_eq!(read(&batch(1, &record(&[0, 0, -1, -1, 1, 0, negative]))), length);
    }
    for negative in [-1, i32::MIN] {
        assert_eq!(read(&batch(1, &record(&[0, 0, -1, -1, negative]))), length);
    }
    // A header's name cannot be null.
    assert_eq!(read(&batch(1, &record(&[0, 0, -1, -1, 1, -1, -1]))), length);
}

#[test]
fn a_records_own_length_must_be_true() {
    let mut lone = record(&[0, 0, -1, -1, 0]);
    for wrong in [0, 1, 5, 7, i32::MAX] {
        let mut out = Vec::new();
        write_varint(&mut out, wrong);
        out.extend_from_slice(&lone[1..]);
        assert!(matches!(read(&batch(1, &out)), Err(InvalidBatch::Inconsistent(_))), "{wrong}");
    }
    lone[0] = 1;
    assert_eq!(read(&batch(1, &lone)), Err(Malformed::Length.into()));
}

#[test]
fn offsets_must_follow_each_other() {
    for second in [0, 2, -1] {
        let two = [record(&[0, 0, -1, -1, 0]), record(&[0, second, -1, -1, 0])].concat();
        assert!(matches!(read(&batch(2, &two)), Err(InvalidBatch::Inconsistent(_))), "{second}");
    }
}

#[test]
fn as_many_of_the_smallest_as_fit_do_no_harm() {
    // Headers of two bytes each, in a number at which the `Vec` has just doubled.
    for headers in [1, 5, 4097] {
        let mut fields = vec![0, 0, -1, -1, headers];
        fields.extend([0, -1].repeat(headers as usize));
        let batch = read(&batch(1, &record(&fields))).unwrap();
        assert_eq!(batch.records[0].headers.len(), headers as usize);
    }
    for count in [1, 5, 4097] {
        let records: Vec<u8> =
            (0..count).flat_map(|index| record(&[0, index, -1, -1, 1, 0, -1])).collect();
        assert_eq!(read(&batch(count, &records)).unwrap().records.len(), count as usize);
    }
}

#[test]
fn more_records_or_headers_than_memory_allows_are_refused() {
    let mut fields = vec![0, 0, -1, -1, 3_000_000];
    fields.extend([0, -1].repeat(3_000_000));
    assert_eq!(decode_batch(&batch(1, &record(&fields))), Err(InvalidBatch::TooMany));
    let records: Vec<u8> =
        (0..1_500_000).flat_map(|index| record(&[0, index, -1, -1, 0])).collect();
    assert_eq!(decode_batch(&batch(1_500_000, &records)), Err(InvalidBatch::TooMany));
}

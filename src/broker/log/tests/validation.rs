//! Tests of batch validation and the order of its checks, before producer state is consulted.

use super::*;
use crate::record::{BATCH_OVERHEAD, Codec, offset};

const CORRUPT: Result<i64, i16> = Err(2);
const TOO_LARGE: Result<i64, i16> = Err(10);
const INVALID_TIMESTAMP: Result<i64, i16> = Err(32);
const INVALID_RECORD: Result<i64, i16> = Err(87);

/// Returns a copy with a field changed and the checksum updated.
fn with_field(batch: &Bytes, at: usize, field: &[u8]) -> Bytes {
    let mut bytes = batch.to_vec();
    bytes[at..at + field.len()].copy_from_slice(field);
    let crc = crc32c::crc32c(&bytes[offset::ATTRIBUTES..]);
    bytes[offset::CRC..offset::ATTRIBUTES].copy_from_slice(&crc.to_be_bytes());
    bytes.into()
}

fn with_attributes(batch: &Bytes, attributes: i16) -> Bytes {
    with_field(batch, offset::ATTRIBUTES, &attributes.to_be_bytes())
}

fn put(batch: &Bytes) -> Result<i64, i16> {
    let mut log = PartitionLog::default();
    let result = log.put(batch);
    assert_eq!(log.end_offset() > 0, result.is_ok());
    result
}

#[test]
fn empty_or_truncated_batch_is_rejected() {
    let batch = plain(&["a"]);
    assert_eq!(put(&Bytes::new()), INVALID_RECORD);
    assert_eq!(put(&batch.slice(..16)), INVALID_RECORD);
    assert_eq!(put(&batch.slice(..batch.len() - 1)), INVALID_RECORD);
}

#[test]
fn two_batches_for_a_partition_are_refused() {
    let batch = plain(&["a"]);
    assert_eq!(put(&[batch.clone(), batch].concat().into()), INVALID_RECORD);
}

#[test]
fn an_incomplete_second_batch_is_dropped() {
    let batch = plain(&["a"]);
    let mut log = PartitionLog::default();
    assert_eq!(log.put(&[&batch[..], b"rest"].concat().into()), Ok(0));
    assert_eq!(log.batch_at(0).unwrap().to_bytes().len(), batch.len());
}

#[test]
fn a_length_that_no_batch_has_is_corrupt() {
    for length in [i32::MIN, -1, 0, 13] {
        let batch = with_field(&plain(&["a"]), offset::LENGTH, &length.to_be_bytes());
        assert_eq!(put(&batch), CORRUPT);
    }
}

#[test]
fn a_batch_shorter_than_its_header_is_corrupt() {
    let length = (BATCH_OVERHEAD - 12 - 1) as i32;
    let batch = with_field(&plain(&["a"]), offset::LENGTH, &length.to_be_bytes());
    assert_eq!(put(&batch.slice(..BATCH_OVERHEAD - 1)), CORRUPT);
}

#[test]
fn formats_0_and_1_are_refused_and_unknown_ones_corrupt() {
    let batch = plain(&["a"]);
    assert_eq!(put(&with_field(&batch, offset::MAGIC, &[0])), INVALID_RECORD);
    assert_eq!(put(&with_field(&batch, offset::MAGIC, &[1])), INVALID_RECORD);
    assert_eq!(put(&with_field(&batch, offset::MAGIC, &[3])), CORRUPT);
    assert_eq!(put(&with_field(&batch, offset::MAGIC, &[0xff])), CORRUPT);
}

#[test]
fn a_nonzero_base_offset_is_refused() {
    let batch = with_field(&plain(&["a"]), 0, &1_i64.to_be_bytes());
    assert_eq!(put(&batch), INVALID_RECORD);
}

#[test]
fn a_leader_epoch_of_the_producers_is_overwritten() {
    let mut log = PartitionLog::default();
    let batch = with_field(&plain(&["a"]), offset::LEADER_EPOCH, &99_i32.to_be_bytes());
    log.append(&batch, 3, NOW).unwrap();
    assert_eq!(log.batch_at(0).unwrap().leader_epoch(), 3);
}

#[test]
fn any_flipped_bit_under_the_checksum_is_corrupt() {
    let batch = plain(&["a"]);
    for byte in offset::CRC..batch.len() {
        for bit in 0..8 {
            let mut flipped = batch.to_vec();
            flipped[byte] ^= 1 << bit;
            assert_eq!(put(&flipped.into()), CORRUPT, "bit {bit} of byte {byte}");
        }
    }
}

#[test]
fn a_batch_larger_than_the_topic_allows_is_refused_to_the_byte() {
    let batch = plain(&["a"]);
    let mut log = log_with(|config| config.max_message_bytes = batch.len() - 1);
    assert_eq!(log.put(&batch), TOO_LARGE);
    log.config_mut().max_message_bytes = batch.len();
    assert_eq!(log.put(&batch), Ok(0));
}

#[test]
fn the_size_is_checked_before_the_checksum() {
    let mut flipped = plain(&["a"]).to_vec();
    flipped[offset::CRC] ^= 1;
    let mut log = log_with(|config| config.max_message_bytes = flipped.len() - 1);
    assert_eq!(log.put(&flipped.into()), TOO_LARGE);
}

#[test]
fn the_size_is_checked_before_the_sequence() {
    let mut log = PartitionLog::default();
    log.put(&numbered(0, 1)).unwrap();
    log.config_mut().max_message_bytes = 10;
    assert_eq!(log.put(&numbered(0, 1)), TOO_LARGE);
}

#[test]
fn count_and_last_offset_delta_must_agree() {
    let batch = plain(&["a", "b"]);
    for delta in [0, 2, -1, i32::MIN, i32::MAX] {
        let batch = with_field(&batch, offset::LAST_OFFSET_DELTA, &i32::to_be_bytes(delta));
        assert_eq!(put(&batch), INVALID_RECORD, "last offset delta {delta}");
    }
    for count in [0, 1, 3, -1] {
        let batch = with_field(&batch, offset::COUNT, &i32::to_be_bytes(count));
        assert_eq!(put(&batch), INVALID_RECORD, "count {count}");
    }
}

#[test]
fn control_batches_from_clients_are_refused() {
    assert_eq!(put(&with_attributes(&plain(&["a"]), 1 << 5)), INVALID_RECORD);
}

#[test]
fn transactional_batches_are_refused() {
    assert_eq!(put(&with_attributes(&numbered(0, 1), 1 << 4)), INVALID_RECORD);
}

#[test]
fn a_producer_id_needs_a_sequence() {
    assert_eq!(put(&numbered(-1, 1)), INVALID_RECORD);
}

#[test]
fn a_compression_that_does_not_exist_is_an_unknown_error() {
    for codec in 5..8 {
        assert_eq!(put(&with_attributes(&plain(&["a"]), codec)), Err(-1));
    }
}

#[test]
fn records_are_validated_only_if_configured() {
    let batch = plain(&["a"]);
    let broken = with_field(&batch, BATCH_OVERHEAD, &[0x7f]);
    assert_eq!(put(&broken), Ok(0));
    let mut log = log_with(|config| config.validate_records = true);
    assert_eq!(log.put(&broken), INVALID_RECORD);
    assert_eq!(log.put(&batch), Ok(0));
}

#[test]
fn undecompressible_records_are_an_unknown_error() {
    let mut builder = BatchBuilder::with_capacity(100);
    builder.append(&Record { timestamp: NOW, key: None, value: Some(&[7; 100]), headers: &[] });
    let compression = Compression::new(Codec::Lz4, None).unwrap();
    let batch = builder.seal(compression, &mut Compressor::new()).to_bytes(Identity::NONE);
    let broken = with_field(&batch, BATCH_OVERHEAD, &[0x7f]);
    let mut log = log_with(|config| config.validate_records = true);
    assert_eq!(log.put(&broken), Err(-1));
    assert_eq!(log.put(&batch), Ok(0));
}

#[test]
fn compacted_topics_refuse_records_without_a_key_by_index() {
    let mut builder = BatchBuilder::with_capacity(100);
    for key in [Some(&b"k"[..]), None, Some(b"")] {
        builder.append(&Record { timestamp: NOW, key, value: None, headers: &[] });
    }
    let batch = builder.seal(Compression::NONE, &mut Compressor::new()).to_bytes(Identity::NONE);
    let mut log = log_with(|config| config.compacted = true);
    let refusal = log.append(&batch, 0, NOW).unwrap_err();
    assert_eq!(refusal.code.0, 87);
    let blamed: Vec<_> = refusal.record_errors.iter().map(|error| error.batch_index).collect();
    assert_eq!(blamed, [1]);
}

#[test]
fn timestamps_out_of_range_are_refused_by_name() {
    let mut log = log_with(|config| {
        config.validate_records = true;
        config.timestamp_before_max_ms = 1000;
    });
    let batch = plain(&["a", "b"]);
    let hour = 3_600_000;
    let refusal = log.append(&batch, 0, NOW + 1001).unwrap_err();
    assert_eq!((refusal.code.0, refusal.record_errors.len()), (32, 2));
    assert_eq!(log.append(&batch, 0, NOW - hour - 1).unwrap_err().code.0, 32);
    assert!(log.append(&batch, 0, NOW + 1000).is_ok());
    assert!(log.append(&batch, 0, NOW - hour).is_ok());
}

#[test]
fn a_log_append_time_batch_is_checked_by_its_one_timestamp() {
    let mut builder = BatchBuilder::with_capacity(100);
    for timestamp in [0, NOW] {
        builder.append(&Record { timestamp, key: None, value: None, headers: &[] });
    }
    let batch = builder.seal(Compression::NONE, &mut Compressor::new()).to_bytes(Identity::NONE);
    let mut log = log_with(|config| {
        config.validate_records = true;
        config.timestamp_before_max_ms = 1000;
    });
    assert_eq!(log.put(&batch), INVALID_TIMESTAMP);
    assert_eq!(log.put(&with_attributes(&batch, 1 << 3)), Ok(0));
}

#[test]
fn a_log_append_time_batch_is_refused_unless_the_topic_uses_create_time() {
    let claim = with_attributes(&plain(&["a"]), 1 << 3);
    let mut log = log_with(|config| config.timestamps = TimestampType::LogAppendTime);
    assert_eq!(log.put(&claim), INVALID_TIMESTAMP);
    log.config_mut().validate_records = true;
    let refusal = log.append(&claim, 0, NOW).unwrap_err();
    assert_eq!((refusal.code.0, refusal.record_errors.len()), (32, 1));
    // With `CreateTime`, Kafka silently clears the bit.
    let mut log = PartitionLog::default();
    assert_eq!(log.put(&claim), Ok(0));
    let stored = log.batch_at(0).unwrap().to_bytes();
    assert_eq!(stored[offset::MAGIC..], plain(&["a"])[offset::MAGIC..]);
}

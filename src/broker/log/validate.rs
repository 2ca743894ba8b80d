//! Validation of a batch before its producer state is checked. The checks have Kafka's order, so
//! that the first failure determines the error. Mirrors `ProduceRequest.validateRecords`,
//! `UnifiedLog.analyzeAndValidateRecords` and `LogValidator`.

use bytes::Bytes;

use super::batch::Header;
use super::config::{LogConfig, TimestampType};
use super::refusal::Refusal;
use crate::error::ErrorCode;
use crate::protocol::BatchIndexError;
use crate::record::{BATCH_OVERHEAD, DecodedRecord, InvalidBatch, decode_batch, offset};

/// Size of the base offset and length fields, which precede every batch in any format.
const LOG_OVERHEAD: usize = 12;

/// Minimum value of the length field in any format.
const SMALLEST_LENGTH: i32 = 14;

/// The newest codec: zstd.
const LAST_CODEC: i16 = 4;

const INVALID_TIMESTAMP: ErrorCode = ErrorCode(32);
const CLAIMS_CLOCK: &str = "a producer may not claim that its timestamps are the broker's";

/// Returns the single valid batch in `records` and its header.
pub(super) fn validate(
    records: &Bytes,
    config: &LogConfig,
    now: i64,
) -> Result<(Bytes, Header), Refusal> {
    let batch = only_batch(records)?;
    if i64::from_be_bytes(field(&batch, 0)) != 0 {
        return Err(Refusal::invalid("the base offset is the broker's to set, and must be 0"));
    }
    if batch.len() > config.max_message_bytes {
        let (size, limit) = (batch.len(), config.max_message_bytes);
        let message = format!("the batch has {size} bytes, and max.message.bytes is {limit}");
        return Err(Refusal::new(ErrorCode::MESSAGE_TOO_LARGE, message));
    }
    if batch.len() < BATCH_OVERHEAD {
        return Err(Refusal::corrupt("the batch is shorter than its header"));
    }
    let header = Header::read(&batch).map_err(|error| Refusal::corrupt(error.to_string()))?;
    if header.crc != crc32c::crc32c(&batch[offset::ATTRIBUTES..]) {
        return Err(Refusal::corrupt("the checksum does not match the bytes"));
    }
    if header.codec() > LAST_CODEC {
        let message = format!("no compression has the number {}", header.codec());
        return Err(Refusal::new(ErrorCode::UNKNOWN_SERVER_ERROR, message));
    }
    validate_header(&header)?;
    validate_records(&batch, &header, config, now)?;
    Ok((batch, header))
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("as many bytes as were asked for")
}

/// Returns the size of the batch at the start of `bytes`, or `None` if it is incomplete.
fn batch_size(bytes: &[u8]) -> Result<Option<usize>, Refusal> {
    if bytes.len() < LOG_OVERHEAD {
        return Ok(None);
    }
    let length = i32::from_be_bytes(field(bytes, offset::LENGTH));
    if length < SMALLEST_LENGTH {
        return Err(Refusal::corrupt(format!("no batch has {length} bytes")));
    }
    let Some(magic) = bytes.get(offset::MAGIC) else { return Ok(None) };
    if *magic > 2 {
        return Err(Refusal::corrupt(format!("no format of batches has the number {magic}")));
    }
    Ok(Some(length as usize + LOG_OVERHEAD).filter(|size| *size <= bytes.len()))
}

/// Returns the single batch. An incomplete batch after it is silently dropped.
fn only_batch(records: &Bytes) -> Result<Bytes, Refusal> {
    let Some(size) = batch_size(records)? else {
        return Err(Refusal::invalid("there is no record batch for the partition"));
    };
    if records[offset::MAGIC] != 2 {
        return Err(Refusal::invalid("produce requests carry batches of format 2 alone"));
    }
    if batch_size(&records[size..])?.is_some() {
        return Err(Refusal::invalid("there is more than one record batch for the partition"));
    }
    Ok(records.slice(..size))
}

fn validate_header(header: &Header) -> Result<(), Refusal> {
    if header.last_offset_delta < 0 {
        return Err(Refusal::invalid("the last offset delta is negative"));
    }
    if header.count < 1 {
        return Err(Refusal::invalid("the batch claims to have no records"));
    }
    if header.last_offset_delta != header.count - 1 {
        return Err(Refusal::invalid("last offset delta and count of records disagree"));
    }
    if header.is_control() {
        return Err(Refusal::invalid("clients may not write control batches"));
    }
    if header.identity.producer_id >= 0 && header.identity.base_sequence < 0 {
        return Err(Refusal::invalid("a producer id needs a sequence number"));
    }
    if header.is_transactional() {
        return Err(Refusal::invalid("this log knows no transactions yet"));
    }
    Ok(())
}

fn validate_records(
    batch: &Bytes,
    header: &Header,
    config: &LogConfig,
    now: i64,
) -> Result<(), Refusal> {
    if !config.validate_records && !config.compacted {
        if claims_clock(header, config) {
            return Err(Refusal::new(INVALID_TIMESTAMP, CLAIMS_CLOCK));
        }
        return Ok(());
    }
    let decoded = decode_batch(batch).map_err(|error| match error {
        // Kafka has no error code for exceptions of its decompressors.
        InvalidBatch::Compression(_) => {
            Refusal::new(ErrorCode::UNKNOWN_SERVER_ERROR, error.to_string())
        }
        _ => Refusal::invalid(error.to_string()),
    })?;
    let wrong: Vec<_> = (0..)
        .zip(&decoded.records)
        .filter_map(|(batch_index, record)| {
            let (code, message) = blame(record, header, config, now)?;
            let batch_index_error_message = Some(message.to_owned());
            Some((code, BatchIndexError { batch_index, batch_index_error_message }))
        })
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let timestamps = wrong.iter().any(|(code, _)| *code == INVALID_TIMESTAMP);
    let mut refusal = if timestamps {
        Refusal::new(INVALID_TIMESTAMP, "records have timestamps out of range")
    } else {
        Refusal::invalid(format!("{} records are invalid", wrong.len()))
    };
    refusal.record_errors = wrong.into_iter().map(|(_, error)| error).collect();
    Err(refusal)
}

/// Returns whether a producer sets the `LogAppendTime` bit on such a topic. On other topics Kafka
/// silently clears the bit.
fn claims_clock(header: &Header, config: &LogConfig) -> bool {
    config.timestamps == TimestampType::LogAppendTime && header.is_log_append_time()
}

/// Returns the error that a single record causes for its batch.
fn blame(
    record: &DecodedRecord,
    header: &Header,
    config: &LogConfig,
    now: i64,
) -> Option<(ErrorCode, &'static str)> {
    if config.compacted && record.key.is_none() {
        return Some((
            ErrorCode::INVALID_RECORD,
            "a compacted topic takes no record without a key",
        ));
    }
    if claims_clock(header, config) {
        return Some((INVALID_TIMESTAMP, CLAIMS_CLOCK));
    }
    // A batch with the `LogAppendTime` bit has one timestamp for all records.
    let timestamp =
        if header.is_log_append_time() { header.max_timestamp } else { record.timestamp };
    let age = now.saturating_sub(timestamp);
    let out_of_range = age > config.timestamp_before_max_ms
        || age.saturating_neg() > config.timestamp_after_max_ms;
    // −1 means that a record has no timestamp.
    (config.timestamps == TimestampType::CreateTime && timestamp != -1 && out_of_range)
        .then_some((INVALID_TIMESTAMP, "the timestamp is too old, or too far in the future"))
}

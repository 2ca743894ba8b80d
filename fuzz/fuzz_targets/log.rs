//! A broker's log with arbitrary batches. The first byte holds the config, the next eight the time;
//! then come batches, each after two bytes of size. A rejected batch changes nothing. An appended
//! one gets the next offsets, can be decoded, and is recognized as a duplicate.
#![no_main]

use bytes::Bytes;
use dekaf::broker::log::{FirstSequence, LogConfig, PartitionLog, TimestampType};
use dekaf::record::decode_batch;
use dekaf::wire::Reader;
use dekaf_fuzz::resealed;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    let mut input = Reader::new(&bytes);
    let (Ok(settings), Ok(now)) = (input.u8(), input.i64()) else { return };
    let mut log = PartitionLog::new(config(settings));
    while let Ok(size) = input.i16() {
        let size = usize::from(size.unsigned_abs()).min(input.remaining());
        let Ok(batch) = input.bytes(size) else { return };
        let batch = if settings & 1 == 0 { resealed(&batch) } else { batch };
        take_in(&mut log, &batch, now);
    }
});

fn config(settings: u8) -> LogConfig {
    let has = |bit: u8| settings & 1 << bit != 0;
    LogConfig {
        validate_records: !has(1),
        compacted: has(2),
        timestamps: if has(3) { TimestampType::LogAppendTime } else { TimestampType::CreateTime },
        timestamp_before_max_ms: if has(4) { 1000 } else { i64::MAX },
        first_sequence: match settings >> 5 & 0b11 {
            0 | 1 => FirstSequence::Any,
            2 => FirstSequence::MustBeZero,
            _ => FirstSequence::ZeroOrUnknown,
        },
        expire_producers_with_records: has(7),
        ..LogConfig::default()
    }
}

fn take_in(log: &mut PartitionLog, batch: &Bytes, now: i64) {
    let end = log.end_offset();
    let appended = match log.append(batch, 1, now) {
        Ok(appended) => appended,
        Err(refusal) => {
            assert_eq!(log.end_offset(), end, "{refusal}");
            return;
        }
    };
    if appended.duplicate {
        assert_eq!(log.end_offset(), end);
        return;
    }
    assert_eq!(appended.base_offset, end);
    assert_eq!(log.end_offset(), appended.last_offset + 1);
    let stored = log.batch_at(end).expect("it was stored").clone();
    let fetched = stored.to_bytes();
    let validate_records = log.config().validate_records || log.config().compacted;
    match (stored.records(), decode_batch(&fetched)) {
        (Ok(records), Ok(fetched)) => {
            assert_eq!(fetched.base_offset, end);
            assert_eq!(records.len(), fetched.records.len());
            assert_eq!(records.last().map(|(offset, _)| *offset), Some(appended.last_offset));
        }
        (Err(_), Err(_)) if !validate_records => {}
        (stored, fetched) => panic!("stored {stored:?}, but fetched {fetched:?}"),
    }
    if stored.identity().producer_id >= 0 {
        let known = log.append(batch, 1, now).expect("what was taken is taken again");
        assert!(known.duplicate);
        assert_eq!(known.base_offset, end);
        assert_eq!(log.end_offset(), appended.last_offset + 1);
    }
}

//! Tests of offsets, timestamps, reads, truncation and deletion.

use super::*;
use crate::record::{BATCH_OVERHEAD, decode_batch, offset};

fn read(log: &PartitionLog) -> Vec<(i64, String)> {
    log.values(log.start_offset())
}

fn pairs(values: &[(i64, &str)]) -> Vec<(i64, String)> {
    values.iter().map(|(offset, value)| (*offset, (*value).to_owned())).collect()
}

#[test]
fn offsets_follow_each_other() {
    let mut log = PartitionLog::default();
    assert_eq!(log.put(&plain(&["a", "b"])), Ok(0));
    assert_eq!(log.put(&plain(&["c"])), Ok(2));
    assert_eq!(log.put(&plain(&["d", "e"])), Ok(3));
    assert_eq!(read(&log), pairs(&[(0, "a"), (1, "b"), (2, "c"), (3, "d"), (4, "e")]));
    assert_eq!(log.values(4), pairs(&[(3, "d"), (4, "e")]));
    assert_eq!(log.batch_at(4).unwrap().base_offset(), 3);
    assert!(log.batch_at(5).is_none());
}

#[test]
fn a_fetched_batch_has_offset_and_epoch_and_is_otherwise_as_it_was_sent() {
    let mut log = PartitionLog::default();
    let sent = plain(&["c"]);
    log.append(&plain(&["a", "b"]), 4, NOW).unwrap();
    log.append(&sent, 5, NOW).unwrap();
    let fetched = log.batch_at(2).unwrap().to_bytes();
    let decoded = decode_batch(&fetched).unwrap();
    assert_eq!(decoded.base_offset, 2);
    assert_eq!(fetched[offset::LEADER_EPOCH..offset::MAGIC], 5_i32.to_be_bytes());
    assert_eq!(fetched[offset::MAGIC..], sent[offset::MAGIC..]);
}

#[test]
fn the_producers_timestamps_are_kept() {
    let mut log = PartitionLog::default();
    let appended = log.append(&plain(&["a"]), 0, NOW + 5).unwrap();
    assert_eq!(appended.log_append_time, -1);
    assert_eq!(log.batch_at(0).unwrap().records().unwrap()[0].1.timestamp, NOW);
}

#[test]
fn the_brokers_clock_replaces_timestamps_and_keeps_the_checksum_right() {
    let mut log = log_with(|config| config.timestamps = TimestampType::LogAppendTime);
    let appended = log.append(&plain(&["a", "b"]), 0, NOW + 5).unwrap();
    assert_eq!(appended.log_append_time, NOW + 5);
    let batch = log.batch_at(0).unwrap();
    assert!(batch.records().unwrap().iter().all(|(_, record)| record.timestamp == NOW + 5));
    let fetched = decode_batch(&batch.to_bytes()).unwrap();
    assert_eq!(fetched.max_timestamp, NOW + 5);
    assert_eq!(fetched.attributes, 1 << 3);
    assert_eq!(batch.to_bytes()[BATCH_OVERHEAD..], plain(&["a", "b"])[BATCH_OVERHEAD..]);
}

#[test]
fn a_duplicate_is_answered_with_its_own_timestamp() {
    let mut log = log_with(|config| config.timestamps = TimestampType::LogAppendTime);
    log.append(&numbered(0, 1), 0, NOW + 5).unwrap();
    assert_eq!(log.append(&numbered(0, 1), 0, NOW + 9).unwrap().log_append_time, NOW + 5);

    let mut log = PartitionLog::default();
    log.append(&numbered(0, 1), 0, NOW + 5).unwrap();
    assert_eq!(log.append(&numbered(0, 1), 0, NOW + 9).unwrap().log_append_time, NOW);
}

#[test]
fn truncation_loses_the_tail() {
    let mut log = PartitionLog::default();
    log.put(&plain(&["a", "b"])).unwrap();
    log.put(&plain(&["c"])).unwrap();
    log.truncate_to(9);
    assert_eq!(log.end_offset(), 3);
    log.truncate_to(2);
    assert_eq!(read(&log), pairs(&[(0, "a"), (1, "b")]));
    assert_eq!(log.put(&plain(&["d"])), Ok(2));
    assert_eq!(read(&log), pairs(&[(0, "a"), (1, "b"), (2, "d")]));
}

#[test]
fn truncation_inside_a_batch_loses_the_whole_batch() {
    let mut log = PartitionLog::default();
    log.put(&plain(&["a"])).unwrap();
    log.put(&plain(&["b", "c", "d"])).unwrap();
    log.truncate_to(2);
    assert_eq!(log.end_offset(), 1);
    log.truncate_to(0);
    assert_eq!((log.end_offset(), read(&log)), (0, vec![]));
}

#[test]
fn deletion_moves_the_start_and_drops_whole_batches_only() {
    let mut log = PartitionLog::default();
    log.put(&plain(&["a"])).unwrap();
    log.put(&plain(&["b", "c"])).unwrap();
    let deleted = log.delete_records(2).unwrap();
    assert_eq!(deleted.iter().map(StoredBatch::base_offset).collect::<Vec<_>>(), [0]);
    assert_eq!((log.start_offset(), log.end_offset()), (2, 3));
    assert_eq!(read(&log), pairs(&[(1, "b"), (2, "c")]));
    // The start offset never decreases.
    assert_eq!(log.delete_records(1).unwrap().len(), 0);
    assert_eq!(log.start_offset(), 2);
}

#[test]
fn deletion_beyond_the_end_is_out_of_range() {
    let mut log = PartitionLog::default();
    log.put(&plain(&["a"])).unwrap();
    assert_eq!(log.delete_records(2).unwrap_err().name(), "OFFSET_OUT_OF_RANGE");
    assert_eq!(log.delete_records(-1).unwrap_err().name(), "OFFSET_OUT_OF_RANGE");
}

#[test]
fn after_deletion_of_everything_offsets_go_on() {
    let mut log = PartitionLog::default();
    log.put(&plain(&["a", "b"])).unwrap();
    log.delete_records(2).unwrap();
    assert_eq!(read(&log), []);
    assert_eq!(log.put(&plain(&["c"])), Ok(2));
    assert_eq!(read(&log), pairs(&[(2, "c")]));
}

#[test]
fn a_follower_that_is_too_far_behind_starts_where_its_leader_does() {
    let mut log = PartitionLog::default();
    log.put(&numbered(0, 2)).unwrap();
    log.restart_at(9);
    assert_eq!((log.start_offset(), log.end_offset()), (9, 9));
    assert_eq!(log.last_written(7), None);
    assert_eq!(log.put(&plain(&["a"])), Ok(9));
}

#[test]
#[should_panic(expected = "no gaps")]
fn a_follower_takes_no_batch_out_of_turn() {
    let mut leader = PartitionLog::default();
    leader.put(&plain(&["a"])).unwrap();
    leader.put(&plain(&["b"])).unwrap();
    PartitionLog::default().append_replicated(leader.batch_at(1).unwrap().clone());
}

//! Tests of sequence numbers, epochs and the detection of duplicates.

use super::*;

const OUT_OF_ORDER: Result<i64, i16> = Err(45);
const OLD_EPOCH: Result<i64, i16> = Err(47);
const UNKNOWN_PRODUCER: Result<i64, i16> = Err(59);

#[test]
fn the_next_sequence_is_appended() {
    let mut log = PartitionLog::default();
    assert_eq!(log.put(&numbered(0, 3)), Ok(0));
    assert_eq!(log.put(&numbered(3, 2)), Ok(3));
    assert_eq!(log.end_offset(), 5);
    let last = LastWritten { epoch: 0, last_sequence: 4, last_offset: 4 };
    assert_eq!(log.last_written(7), Some(last));
}

#[test]
fn each_of_the_last_five_batches_is_answered_with_its_offset_and_not_appended() {
    let mut log = PartitionLog::default();
    for sequence in 0..6 {
        log.put(&numbered(2 * sequence, 2)).unwrap();
    }
    for sequence in 1..6 {
        let appended = log.append(&numbered(2 * sequence, 2), 0, NOW).unwrap();
        assert_eq!(appended.base_offset, i64::from(2 * sequence));
        assert_eq!(appended.last_offset, i64::from(2 * sequence) + 1);
        assert!(appended.duplicate);
    }
    assert_eq!(log.end_offset(), 12);
}

#[test]
fn a_duplicate_older_than_five_batches_is_out_of_order() {
    let mut log = PartitionLog::default();
    for sequence in 0..6 {
        log.put(&numbered(sequence, 1)).unwrap();
    }
    assert_eq!(log.put(&numbered(0, 1)), OUT_OF_ORDER);
}

#[test]
fn merged_or_split_batches_are_out_of_order() {
    let mut log = PartitionLog::default();
    log.put(&numbered(0, 2)).unwrap();
    log.put(&numbered(2, 2)).unwrap();
    assert_eq!(log.put(&numbered(0, 4)), OUT_OF_ORDER);
    assert_eq!(log.put(&numbered(2, 1)), OUT_OF_ORDER);
    assert_eq!(log.put(&numbered(3, 1)), OUT_OF_ORDER);
    assert_eq!(log.put(&numbered(2, 3)), OUT_OF_ORDER);
}

#[test]
fn a_gap_is_out_of_order() {
    let mut log = PartitionLog::default();
    log.put(&numbered(0, 2)).unwrap();
    assert_eq!(log.put(&numbered(3, 1)), OUT_OF_ORDER);
    assert_eq!(log.end_offset(), 2);
}

#[test]
fn a_refused_batch_changes_nothing_for_its_producer() {
    let mut log = PartitionLog::default();
    log.put(&numbered(0, 2)).unwrap();
    log.put(&in_epoch(1, 5, 1)).unwrap_err();
    log.put(&numbered(9, 1)).unwrap_err();
    assert_eq!(log.put(&numbered(2, 1)), Ok(2));
}

#[test]
fn a_new_epoch_begins_with_zero() {
    let mut log = PartitionLog::default();
    log.put(&numbered(0, 2)).unwrap();
    assert_eq!(log.put(&in_epoch(1, 2, 1)), OUT_OF_ORDER);
    assert_eq!(log.put(&in_epoch(1, 0, 1)), Ok(2));
    assert_eq!(log.put(&in_epoch(1, 1, 1)), Ok(3));
}

#[test]
fn an_epoch_may_be_passed_over() {
    let mut log = PartitionLog::default();
    log.put(&numbered(0, 2)).unwrap();
    assert_eq!(log.put(&in_epoch(5, 0, 1)), Ok(2));
}

#[test]
fn an_older_epoch_is_refused_even_for_what_was_stored() {
    let mut log = PartitionLog::default();
    log.put(&numbered(0, 2)).unwrap();
    log.put(&in_epoch(1, 0, 1)).unwrap();
    assert_eq!(log.put(&numbered(0, 2)), OLD_EPOCH);
    assert_eq!(log.put(&numbered(2, 1)), OLD_EPOCH);
}

#[test]
fn a_new_epoch_does_not_recognise_batches_of_the_old_one() {
    let mut log = PartitionLog::default();
    log.put(&numbered(0, 2)).unwrap();
    assert_eq!(log.put(&in_epoch(1, 0, 2)), Ok(2));
}

#[test]
fn producers_do_not_concern_each_other() {
    let mut log = PartitionLog::default();
    let other = Identity { producer_id: 8, epoch: 0, base_sequence: 0 };
    log.put(&numbered(0, 2)).unwrap();
    assert_eq!(log.put(&batch(other, &["x"])), Ok(2));
    assert_eq!(log.put(&numbered(2, 1)), Ok(3));
    assert_eq!(log.put(&batch(other, &["x"])), Ok(2));
}

#[test]
fn batches_without_a_producer_id_are_just_appended() {
    let mut log = PartitionLog::default();
    assert_eq!(log.put(&plain(&["a"])), Ok(0));
    assert_eq!(log.put(&plain(&["a"])), Ok(1));
    assert_eq!(log.last_written(-1), None);
}

#[test]
fn sequences_wrap_to_zero_after_the_largest() {
    let mut log = PartitionLog::default();
    log.put(&numbered(MAX - 1, 2)).unwrap();
    assert_eq!(log.put(&numbered(0, 1)), Ok(2));
    assert_eq!(log.put(&numbered(1, 1)), Ok(3));
}

#[test]
fn a_batch_may_span_the_wrap_and_is_recognised_again() {
    let mut log = PartitionLog::default();
    assert_eq!(log.put(&numbered(MAX - 1, 5)), Ok(0));
    assert_eq!(log.last_written(7).unwrap().last_sequence, 2);
    assert_eq!(log.put(&numbered(MAX - 1, 5)), Ok(0));
    assert_eq!(log.put(&numbered(2, 1)), OUT_OF_ORDER);
    assert_eq!(log.put(&numbered(3, 1)), Ok(5));
    assert_eq!(log.end_offset(), 6);
}

#[test]
fn after_the_wrap_a_gap_and_a_step_back_are_out_of_order() {
    let mut log = PartitionLog::default();
    log.put(&numbered(MAX, 1)).unwrap();
    assert_eq!(log.put(&numbered(1, 1)), OUT_OF_ORDER);
    assert_eq!(log.put(&numbered(MAX - 1, 1)), OUT_OF_ORDER);
    assert_eq!(log.put(&numbered(MAX, 1)), Ok(0));
}

#[test]
fn up_to_kafka_4_4_an_unknown_producer_begins_with_any_sequence() {
    let mut log = PartitionLog::default();
    assert_eq!(log.put(&numbered(5, 1)), Ok(0));
    // The batch that it overtook can never be stored.
    assert_eq!(log.put(&numbered(0, 5)), OUT_OF_ORDER);
}

#[test]
fn from_kafka_4_5_on_a_log_never_written_to_begins_with_zero() {
    let mut log = log_with(|config| config.first_sequence = FirstSequence::MustBeZero);
    assert_eq!(log.put(&numbered(5, 1)), OUT_OF_ORDER);
    assert_eq!(log.put(&numbered(0, 5)), Ok(0));
    assert_eq!(log.put(&numbered(5, 1)), Ok(5));
}

#[test]
fn from_kafka_4_5_on_a_log_that_was_written_to_still_takes_any_first_sequence() {
    let mut log = log_with(|config| config.first_sequence = FirstSequence::MustBeZero);
    log.put(&plain(&["a"])).unwrap();
    log.delete_records(1).unwrap();
    assert_eq!(log.put(&numbered(5, 1)), Ok(1));
}

#[test]
fn before_kafka_2_5_a_producer_without_state_must_begin_with_zero() {
    let mut log = log_with(|config| config.first_sequence = FirstSequence::ZeroOrUnknown);
    log.put(&plain(&["a"])).unwrap();
    assert_eq!(log.put(&numbered(5, 1)), UNKNOWN_PRODUCER);
    assert_eq!(log.put(&numbered(0, 1)), Ok(1));
}

#[test]
fn producers_outlive_their_deleted_records() {
    let mut log = PartitionLog::default();
    log.put(&numbered(0, 2)).unwrap();
    log.delete_records(2).unwrap();
    assert_eq!(log.put(&numbered(0, 2)), Ok(0));
    assert_eq!(log.put(&numbered(5, 1)), OUT_OF_ORDER);
    assert_eq!(log.put(&numbered(2, 1)), Ok(2));
}

#[test]
fn before_kafka_2_4_producers_go_with_their_last_record() {
    let mut log = log_with(|config| {
        config.first_sequence = FirstSequence::ZeroOrUnknown;
        config.expire_producers_with_records = true;
    });
    log.put(&numbered(0, 2)).unwrap();
    log.delete_records(1).unwrap();
    assert_eq!(log.put(&numbered(2, 1)), Ok(2));
    log.delete_records(3).unwrap();
    assert_eq!(log.put(&numbered(3, 1)), UNKNOWN_PRODUCER);
}

#[test]
fn producers_expire() {
    let mut log = PartitionLog::default();
    log.put(&numbered(0, 2)).unwrap();
    log.expire_producers(NOW);
    assert_eq!(log.put(&numbered(3, 1)), OUT_OF_ORDER);
    log.expire_producers(NOW + 1);
    assert_eq!(log.put(&numbered(3, 1)), Ok(2));
}

#[test]
fn truncation_forgets_what_producers_wrote_behind_it() {
    let mut log = PartitionLog::default();
    for sequence in 0..4 {
        log.put(&numbered(sequence, 1)).unwrap();
    }
    log.truncate_to(2);
    assert_eq!(log.put(&numbered(3, 1)), OUT_OF_ORDER);
    assert_eq!(log.put(&numbered(1, 1)), Ok(1));
    assert_eq!(log.put(&numbered(2, 1)), Ok(2));
}

#[test]
fn truncation_brings_back_the_window_of_what_is_left() {
    let mut log = PartitionLog::default();
    for sequence in 0..7 {
        log.put(&numbered(sequence, 1)).unwrap();
    }
    log.truncate_to(5);
    assert_eq!(log.put(&numbered(0, 1)), Ok(0));
}

#[test]
fn truncation_brings_back_the_epoch_of_what_is_left() {
    let mut log = PartitionLog::default();
    log.put(&numbered(0, 1)).unwrap();
    log.put(&in_epoch(1, 0, 1)).unwrap();
    log.truncate_to(1);
    assert_eq!(log.put(&numbered(1, 1)), Ok(1));
}

#[test]
fn a_snapshot_keeps_only_the_last_batch_of_a_producer() {
    let mut log = PartitionLog::default();
    log.put(&numbered(0, 1)).unwrap();
    log.put(&numbered(1, 1)).unwrap();
    log.reload_from_snapshot();
    assert_eq!(log.put(&numbered(0, 1)), OUT_OF_ORDER);
    assert_eq!(log.put(&numbered(1, 1)), Ok(1));
    assert_eq!(log.put(&numbered(2, 1)), Ok(2));
}

#[test]
fn a_follower_learns_of_producers_from_what_it_copies() {
    let mut leader = PartitionLog::default();
    for sequence in 0..3 {
        leader.put(&numbered(sequence, 1)).unwrap();
    }
    let mut follower = PartitionLog::default();
    for batch in leader.batches_from(0) {
        follower.append_replicated(batch.clone());
    }
    assert_eq!(follower.put(&numbered(1, 1)), Ok(1));
    assert_eq!(follower.put(&numbered(3, 1)), Ok(3));
}

//! Tests of when and how produce requests are answered.

use super::*;

fn alone() -> TopicSettings {
    TopicSettings { replication_factor: 1, min_isr: 1, ..TopicSettings::default() }
}

#[test]
fn acks_all_waits_until_all_in_sync_have_it() {
    let mut bench = Bench::new();
    let handle = bench.produce(0, -1, &[1, 2]);
    assert!(!bench.is_answered(handle));
    assert!(bench.committed().is_empty());
    // One trip to the follower and one back.
    bench.pass_ms(10);
    assert_eq!((bench.code(handle), bench.outcome(handle).base_offset), (0, 0));
    assert!(bench.answers[&handle].at >= Duration::from_millis(2));
    assert_eq!(bench.committed(), [1, 2]);
}

#[test]
fn acks_1_waits_for_the_leader_alone() {
    let mut bench = Bench::new();
    let handle = bench.produce(0, 1, &[1]);
    assert_eq!((bench.code(handle), bench.outcome(handle).base_offset), (0, 0));
    assert!(bench.committed().is_empty());
    bench.settle();
    assert_eq!(bench.committed(), [1]);
}

#[test]
fn acks_0_gets_no_answer_or_a_closed_connection() {
    let mut bench = Bench::new();
    let stored = bench.produce(0, 0, &[1]);
    let refused = bench.produce(1, 0, &[2]);
    assert_eq!(bench.answers[&stored].answer, Answer::Silence);
    assert_eq!(bench.answers[&refused].answer, Answer::Close);
    bench.settle();
    assert_eq!(bench.committed(), [1]);
}

#[test]
fn invalid_acks_are_refused() {
    let mut bench = Bench::new();
    let handle = bench.produce(0, 2, &[1]);
    assert_eq!(bench.code(handle), 21);
}

#[test]
fn a_single_replica_acknowledges_at_once() {
    let mut bench = Bench::with(Settings::default(), alone());
    let handle = bench.produce(0, -1, &[1]);
    assert_eq!(bench.code(handle), 0);
    assert_eq!(bench.committed(), [1]);
}

#[test]
fn a_request_is_answered_when_its_last_partition_is() {
    let topic = TopicSettings { partitions: 4, ..TopicSettings::default() };
    let mut bench = Bench::with(Settings::default(), topic);
    let mut request = to_t0(-1, plain(&[1]));
    for index in [3, 1] {
        let records = Some(plain(&[10 + index as u64]));
        request.topic_data[0].partition_data.push(PartitionProduceData { index, records });
    }
    let handle = bench.ask(0, request);
    assert!(!bench.is_answered(handle));
    bench.pass_ms(10);
    let answered = &bench.response(handle).responses[0].partition_responses;
    let codes: Vec<_> = answered.iter().map(|done| (done.index, done.error_code.0)).collect();
    assert_eq!(codes, [(0, 0), (1, 6), (3, 0)]);
}

#[test]
fn a_partition_listed_twice_has_one_answer_and_one_batch() {
    let mut bench = Bench::new();
    let mut request = to_t0(-1, plain(&[1]));
    let twice = PartitionProduceData { index: 0, records: Some(plain(&[2])) };
    request.topic_data[0].partition_data.push(twice);
    let handle = bench.ask(0, request);
    bench.settle();
    assert_eq!(bench.code(handle), 0);
    assert_eq!(bench.committed(), [2]);
}

#[test]
fn a_duplicate_is_acknowledged_with_its_offset_once_it_is_committed() {
    let mut bench = Bench::new();
    let first = batch(Identity { producer_id: 7, epoch: 0, base_sequence: 0 }, &[1, 2]);
    bench.produce(0, 1, &[9]);
    let one = bench.ask(0, to_t0(-1, first.clone()));
    let two = bench.ask(0, to_t0(-1, first.clone()));
    assert!(!bench.is_answered(one) && !bench.is_answered(two));
    bench.settle();
    let three = bench.ask(0, to_t0(-1, first));
    for handle in [one, two, three] {
        assert_eq!((bench.code(handle), bench.outcome(handle).base_offset), (0, 1));
    }
    assert_eq!(bench.committed(), [9, 1, 2]);
}

#[test]
fn with_too_few_in_sync_nothing_is_appended() {
    let mut bench = Bench::new();
    bench.cluster.crash(bench.now, 1);
    bench.cluster.crash(bench.now, 2);
    bench.settle();
    let handle = bench.produce(0, -1, &[1]);
    assert_eq!(bench.code(handle), 19);
    // Requests without `acks=all` are still served.
    let handle = bench.produce(0, 1, &[2]);
    assert_eq!(bench.code(handle), 0);
    bench.settle();
    assert_eq!(bench.committed(), [2]);
}

#[test]
fn when_too_few_are_left_in_sync_after_the_append_it_is_stored_and_refused() {
    let mut bench = Bench::new();
    bench.cluster.crash(bench.now, 1);
    bench.cluster.crash(bench.now, 2);
    let handle = bench.produce(0, -1, &[1]);
    bench.settle();
    assert_eq!(bench.code(handle), 20);
    assert_eq!(bench.committed(), [1]);
}

#[test]
fn a_request_that_waits_too_long_for_replicas_is_timed_out_and_stored() {
    let settings = Settings { detection: Spread::millis(60_000, 60_000), ..Settings::default() };
    let lazy = Duration::from_secs(3600);
    let mut bench =
        Bench::with(Settings { replica_lag_max: lazy, ..settings }, TopicSettings::default());
    bench.cluster.pause(bench.now, 1);
    let began = bench.now;
    let handle = bench.produce(0, -1, &[1]);
    bench.pass_ms(29_999);
    assert!(!bench.is_answered(handle));
    bench.pass_ms(1);
    assert_eq!((bench.code(handle), bench.outcome(handle).base_offset), (7, 0));
    assert_eq!(bench.answers[&handle].at, began + Duration::from_secs(30));
    bench.cluster.resume(bench.now, 1);
    bench.settle();
    assert_eq!(bench.committed(), [1]);
}

#[test]
fn a_follower_that_lags_is_waited_for_until_it_is_no_longer_in_sync() {
    let mut bench = Bench::new();
    let slow = Spread::millis(120_000, 120_000);
    bench.cluster.set_replication(bench.now, 2, Some(slow));
    let handle = bench.produce(0, -1, &[1]);
    bench.pass_ms(9_000);
    assert!(!bench.is_answered(handle));
    bench.pass_ms(12_000);
    assert_eq!(bench.code(handle), 0);
    // It eventually catches up and rejoins the ISR.
    bench.cluster.set_replication(bench.now, 2, None);
    bench.settle();
    assert_eq!(bench.cluster.image.partitions().next().unwrap().1.isr.len(), 3);
}

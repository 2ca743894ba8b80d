//! Tests of topics that are created, deleted, recreated, hidden, extended and reconfigured.

use dekaf::protocol::MetadataRequestTopic;

use super::*;

fn by_id(topic_id: TopicId, records: Bytes) -> ProduceRequest {
    let mut request = to_t0(-1, records);
    request.topic_data[0].name.clear();
    request.topic_data[0].topic_id = topic_id;
    request
}

#[test]
fn a_topic_is_known_only_after_a_while() {
    let mut bench = Bench::bare(Settings::default());
    bench.cluster.create_topic(bench.now, "t", TopicSettings::default());
    let handle = bench.produce(0, -1, &[1]);
    assert_eq!(bench.code(handle), 3);
    bench.settle();
    let handle = bench.produce(0, -1, &[1]);
    bench.settle();
    assert_eq!(bench.code(handle), 0);
}

#[test]
fn a_topic_can_be_named_by_its_id() {
    let mut bench = Bench::new();
    let id = bench.cluster.topic_id("t").unwrap();
    let right = bench.ask(0, by_id(id, plain(&[1])));
    let wrong = bench.ask(0, by_id(id + 1, plain(&[2])));
    let elsewhere = bench.ask(1, by_id(id, plain(&[3])));
    bench.settle();
    assert_eq!((bench.code(right), bench.code(wrong), bench.code(elsewhere)), (0, 100, 6));
    assert!(bench.outcome(elsewhere).current_leader.is_some());
    assert_eq!(bench.response(right).responses[0].topic_id, id);
}

#[test]
fn a_recreated_topic_has_another_id_and_an_empty_log() {
    let mut bench = Bench::new();
    let old = bench.cluster.topic_id("t").unwrap();
    bench.cluster.move_leader(bench.now, "t", 0, 1);
    bench.settle();
    bench.produce(1, -1, &[1]);
    bench.settle();
    bench.cluster.delete_topic(bench.now, "t");
    bench.cluster.create_topic(bench.now, "t", TopicSettings::default());
    bench.settle();
    assert_ne!(bench.cluster.topic_id("t"), Some(old));
    assert_eq!(bench.cluster.leader("t", 0), Some((0, 0)));
    let handle = bench.produce(0, -1, &[2]);
    let stale = bench.ask(0, by_id(old, plain(&[3])));
    bench.settle();
    assert_eq!((bench.code(handle), bench.outcome(handle).base_offset), (0, 0));
    assert_eq!(bench.code(stale), 100);

    // Both incarnations are available to the final checks.
    let logs = bench.cluster.all_committed();
    let of = |id| stored(logs.iter().find(|log| log.topic_id == id).unwrap());
    assert_eq!(of(old), [(0, 1)]);
    assert_eq!(of(bench.cluster.topic_id("t").unwrap()), [(0, 2)]);
    assert!(logs.iter().all(|log| log.topic == "t" && log.partition == 0));
}

#[test]
fn producers_are_unknown_to_a_recreated_topic() {
    let mut bench = Bench::new();
    let identity = Identity { producer_id: 7, epoch: 0, base_sequence: 0 };
    bench.ask(0, to_t0(-1, batch(identity, &[1])));
    bench.settle();
    bench.cluster.delete_topic(bench.now, "t");
    bench.cluster.create_topic(bench.now, "t", TopicSettings::default());
    bench.settle();
    let handle = bench.ask(0, to_t0(-1, batch(identity, &[1])));
    bench.settle();
    assert_eq!((bench.code(handle), bench.outcome(handle).base_offset), (0, 0));
    assert_eq!(bench.committed(), [1]);
}

#[test]
fn waiting_requests_fail_as_unknown_when_their_topic_is_deleted() {
    let mut bench = Bench::new();
    bench.cluster.pause(bench.now, 2);
    let handle = bench.produce(0, -1, &[1]);
    bench.cluster.delete_topic(bench.now, "t");
    bench.pass_ms(100);
    assert_eq!(bench.code(handle), 3);
}

#[test]
fn a_hidden_topic_is_denied_for_a_while_and_keeps_everything() {
    let mut bench = Bench::new();
    bench.produce(0, -1, &[1]);
    bench.settle();
    let until = bench.now + MINUTE;
    bench.cluster.hide_topic(bench.now, "t", until);
    let denied = bench.produce(0, -1, &[2]);
    assert_eq!(bench.code(denied), 3);
    bench.pass(MINUTE);
    let handle = bench.produce(0, -1, &[3]);
    bench.settle();
    assert_eq!(bench.code(handle), 0);
    assert_eq!(bench.committed(), [1, 3]);
}

#[test]
fn partitions_can_be_added() {
    let mut bench = Bench::new();
    let mut request = to_t0(-1, plain(&[1]));
    request.topic_data[0].partition_data[0].index = 1;
    let before = bench.ask(1, request.clone());
    bench.cluster.add_partitions(bench.now, "t", 2);
    bench.settle();
    assert_eq!(bench.cluster.leader("t", 1), Some((1, 0)));
    let after = bench.ask(1, request);
    bench.settle();
    assert_eq!((bench.code(before), bench.code(after)), (3, 0));
}

#[test]
fn the_largest_batch_can_change() {
    let mut bench = Bench::new();
    bench.cluster.alter_topic(bench.now, "t", |topic| topic.log.max_message_bytes = 70);
    bench.settle();
    let refused = bench.produce(0, -1, &[1]);
    assert_eq!(bench.code(refused), 10);
    bench.cluster.alter_topic(bench.now, "t", |topic| topic.log.max_message_bytes = 1000);
    bench.settle();
    let handle = bench.produce(0, -1, &[1]);
    bench.settle();
    assert_eq!(bench.code(handle), 0);
}

#[test]
fn records_without_a_key_are_refused_before_sequence_numbers_are_checked() {
    let mut bench = Bench::new();
    let identity = Identity { producer_id: 7, epoch: 0, base_sequence: 0 };
    let keyless = batch(identity, &[1, 2]);
    let stored = bench.ask(0, to_t0(-1, keyless.clone()));
    bench.settle();
    bench.cluster.alter_topic(bench.now, "t", |topic| topic.log.compacted = true);
    bench.settle();
    // The same batch is rejected, although it is stored.
    let refused = bench.ask(0, to_t0(-1, keyless));
    bench.settle();
    assert_eq!((bench.code(stored), bench.code(refused)), (0, 87));
    let outcome = bench.outcome(refused);
    assert_eq!((outcome.base_offset, outcome.record_errors.len()), (-1, 2));
    let said = outcome.record_errors[1].batch_index_error_message.clone();
    let blamed = &bench.cluster.blames()[1];
    assert_eq!(said.as_ref(), Some(&blamed.what));
    assert!(blamed.what.ends_with("as the batch's record 1"), "{}", blamed.what);
    assert_eq!(blamed.value[..], 2_u64.to_be_bytes());
    assert_eq!(bench.committed(), [1, 2]);
}

#[test]
fn a_topic_may_come_back_later_with_other_leaders_and_fewer_partitions() {
    let topic = TopicSettings { partitions: 3, ..TopicSettings::default() };
    let mut bench = Bench::with(Settings::default(), topic);
    assert!(bench.cluster.all_know("t", 2));
    bench.cluster.delete_topic(bench.now, "t");
    let smaller = TopicSettings { partitions: 2, first_leader: 1, ..topic };
    bench.cluster.create_topic_later(bench.now + MINUTE, "t", smaller);
    assert_eq!((bench.cluster.partitions("t"), bench.cluster.all_forgot("t")), (0, false));
    bench.pass_ms(100);
    assert!(bench.cluster.all_forgot("t"));
    bench.pass(MINUTE);
    bench.settle();
    assert_eq!(bench.cluster.partitions("t"), 2);
    assert_eq!(bench.cluster.leader("t", 0), Some((1, 0)));
    assert_eq!(bench.cluster.leader("t", 1), Some((2, 0)));
    assert!(bench.cluster.all_know("t", 1) && !bench.cluster.all_know("t", 2));
}

#[test]
fn an_isolated_broker_keeps_its_old_metadata() {
    let mut bench = Bench::new();
    bench.cluster.isolate(bench.now, 2);
    bench.cluster.add_partitions(bench.now, "t", 2);
    bench.settle();
    assert!(!bench.cluster.all_know("t", 1));
    bench.cluster.rejoin(bench.now, 2);
    bench.settle();
    assert!(bench.cluster.all_know("t", 1));
}

#[test]
fn older_brokers_have_no_ids_for_topics() {
    let mut bench =
        Bench::with(Settings { topic_ids: false, ..Settings::default() }, TopicSettings::default());
    let name = Some("t".to_owned());
    let asked = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic { topic_id: 0, name }]),
        ..MetadataRequest::default()
    };
    let handle = bench.cluster.metadata(bench.now, 0, asked);
    bench.settle();
    let Answer::Metadata(response) = &bench.answers[&handle].answer else { panic!("metadata") };
    assert_eq!((response.topics[0].error_code.0, response.topics[0].topic_id), (0, 0));
}

#[test]
fn deleted_records_leave_the_log_but_stay_in_the_history() {
    let mut bench = Bench::new();
    for id in 1..=3 {
        bench.produce(0, -1, &[id]);
        bench.settle();
    }
    assert_eq!(bench.cluster.delete_records(bench.now, "t", 0, 2), Ok(2));
    bench.settle();
    for node in &bench.cluster.nodes {
        let (_, replica) = node.replicas.first_key_value().unwrap();
        assert_eq!(replica.log.start_offset(), 2);
        assert_eq!(replica.log.batches_from(0).count(), 1);
    }
    assert_eq!(bench.committed(), [1, 2, 3]);
    // The next leader may have missed the deletion, and deletes the same records again.
    bench.cluster.move_leader(bench.now, "t", 0, 1);
    bench.settle();
    assert_eq!(bench.cluster.delete_records(bench.now, "t", 0, 3), Ok(3));
    bench.settle();
    assert_eq!(bench.committed(), [1, 2, 3]);
    let handle = bench.produce(1, -1, &[4]);
    bench.settle();
    assert_eq!((bench.outcome(handle).base_offset, bench.outcome(handle).log_start_offset), (3, 3));
}

#[test]
fn only_committed_records_can_be_deleted() {
    let mut bench = Bench::new();
    bench.produce(0, 1, &[1]);
    let refused = bench.cluster.delete_records(bench.now, "t", 0, 1).unwrap_err();
    assert_eq!(refused.name(), "OFFSET_OUT_OF_RANGE");
    bench.cluster.move_leader(bench.now, "t", 0, 1);
    let refused = bench.cluster.delete_records(bench.now, "t", 0, 0).unwrap_err();
    assert_eq!(refused.name(), "NOT_LEADER_OR_FOLLOWER");
}

#[test]
fn a_follower_that_missed_a_deletion_starts_where_its_leader_does() {
    let mut bench = Bench::new();
    bench.cluster.crash(bench.now, 2);
    bench.settle();
    for id in 1..=3 {
        bench.produce(0, -1, &[id]);
        bench.settle();
    }
    bench.cluster.delete_records(bench.now, "t", 0, 3).unwrap();
    bench.cluster.restart(bench.now, 2);
    bench.settle();
    let (_, replica) = bench.cluster.nodes[2].replicas.first_key_value().unwrap();
    assert_eq!((replica.log.start_offset(), replica.log.end_offset()), (3, 3));
    assert_eq!(bench.cluster.image.partitions().next().unwrap().1.isr.len(), 3);
}

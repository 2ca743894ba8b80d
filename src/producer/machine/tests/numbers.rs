//! Sequence numbers: which batches may be in flight, which numbers are kept, and when they restart.

use super::*;

/// Sends one record and has it acknowledged, so that more may follow it.
fn acknowledged() -> Bench {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("first", 0, true);
    let first = bench.request().unwrap();
    bench.answer(&first, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["first at 0"]);
    bench
}

/// Puts another batch of one record in flight.
fn send(bench: &mut Bench, who: &'static str) -> TestRequest {
    bench.produce(who, 0, false);
    bench.pass(5 * MS);
    bench.request().expect("it may follow")
}

fn sequence(sent: &TestRequest) -> (i16, i32) {
    (sent.batches[0].1.epoch, sent.batches[0].1.base_sequence)
}

#[test]
fn one_batch_is_in_flight_before_the_first_acknowledgement() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, false);
    bench.pass(5 * MS);
    let first = bench.request().unwrap();
    bench.produce("b", 0, false);
    bench.pass(5 * MS);
    assert!(bench.request().is_none());
    bench.answer(&first, ErrorCode::NONE, 0);
    let second = bench.request().unwrap();
    assert_eq!((sequence(&first), sequence(&second)), ((0, 0), (0, 1)));
}

#[test]
fn five_batches_are_in_flight_after_the_first_acknowledgement() {
    let mut bench = acknowledged();
    let numbers: Vec<_> = ["a", "b", "c", "d", "e"]
        .into_iter()
        .map(|who| sequence(&send(&mut bench, who)).1)
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    bench.produce("f", 0, false);
    bench.pass(5 * MS);
    assert!(bench.request().is_none());
}

#[test]
fn a_retried_batch_goes_first_and_alone_with_its_sequence_numbers() {
    let mut bench = acknowledged();
    let sent: Vec<_> = ["a", "b", "c"].into_iter().map(|who| send(&mut bench, who)).collect();
    bench.answer(&sent[0], ErrorCode::NOT_ENOUGH_REPLICAS, -1);
    bench.pass(Duration::from_secs(1));
    assert!(bench.request().is_none(), "others are still in flight");
    bench.answer(&sent[1], ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
    bench.answer(&sent[2], ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
    bench.pass(Duration::from_secs(1));
    for (index, who) in [(0, "a"), (1, "b"), (2, "c")] {
        let again = bench.request().expect(who);
        assert_eq!(sequence(&again), sequence(&sent[index]), "the range never changes");
        if index == 0 {
            assert!(bench.request().is_none(), "alone, until it is acknowledged");
        }
        bench.answer(&again, ErrorCode::NONE, 1 + index as i64);
    }
    assert_eq!(bench.settled(), ["a at 1", "b at 2", "c at 3"]);
}

#[test]
fn stored_successors_do_not_let_more_batches_past_a_retried_one() {
    let mut bench = acknowledged();
    let sent: Vec<_> = ["a", "b", "c"].into_iter().map(|who| send(&mut bench, who)).collect();
    bench.answer(&sent[0], ErrorCode::REQUEST_TIMED_OUT, -1);
    bench.answer(&sent[1], ErrorCode::NONE, 2);
    bench.answer(&sent[2], ErrorCode::NONE, 3);
    bench.produce("d", 0, false);
    bench.pass(Duration::from_secs(1));
    let again = bench.request().unwrap();
    assert_eq!(sequence(&again), sequence(&sent[0]));
    assert!(bench.request().is_none(), "brokers recognise the last five only");
    bench.answer(&again, ErrorCode::NONE, 1);
    assert_eq!(sequence(&bench.request().unwrap()), (0, 4));
}

#[test]
fn a_new_leader_gets_nothing_while_the_old_one_owes_an_answer() {
    let mut bench = Bench::ready(&[1, 2], |_| {});
    bench.produce("a", 0, true);
    let old = bench.request().unwrap();
    bench.machine.cluster.want();
    bench.pass(200 * MS);
    bench.describe(&[2, 2]);
    bench.produce("b", 0, false);
    bench.pass(5 * MS);
    assert!(bench.request().is_none());
    bench.answer(&old, ErrorCode::NOT_LEADER_OR_FOLLOWER, -1);
    bench.pass(Duration::from_secs(1));
    let again = bench.request().unwrap();
    assert_eq!((again.node, sequence(&again)), (2, (0, 0)));
}

#[test]
fn a_silent_broker_is_left_when_another_leads() {
    let mut bench = Bench::ready(&[1, 2], |_| {});
    bench.produce("a", 0, true);
    let silent = bench.request().unwrap();
    bench.pass(900 * MS);
    assert!(bench.machine.poll_metadata(bench.now).is_none(), "it may just be slow");
    bench.pass(100 * MS);
    bench.describe(&[1, 2]);
    assert_eq!(bench.machine.poll_disconnect(), None, "it still leads");
    bench.pass(Duration::from_secs(1));
    bench.describe(&[2, 2]);
    assert_eq!(bench.machine.poll_disconnect(), Some(1));
    let reason = Error::new(ErrorKind::Disconnected, "it was ended").maybe_written(true);
    bench.machine.handle_lost(bench.now, silent.id, &reason);
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.request().unwrap().node, 2);
}

#[test]
fn a_refusal_that_names_the_new_leader_is_followed_at_once() {
    let mut bench = Bench::ready(&[1, 2], |_| {});
    bench.produce("a", 0, true);
    let sent = bench.request().unwrap();
    let refusal = PartitionProduced {
        error_code: ErrorCode::NOT_LEADER_OR_FOLLOWER,
        current_leader: Some(LeaderIdAndEpoch { leader_id: 2, leader_epoch: 7 }),
        ..PartitionProduced::default()
    };
    let topic = TopicProduced {
        name: "t".into(),
        partition_responses: vec![refusal],
        ..TopicProduced::default()
    };
    let response = ProduceResponse { responses: vec![topic], ..ProduceResponse::default() };
    bench.machine.handle_produced(bench.now, sent.id, &response);
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.request().unwrap().node, 2, "no metadata was needed");
}

#[test]
fn a_gap_behind_an_acknowledged_batch_bumps_the_epoch() {
    let mut bench = acknowledged();
    let sent = send(&mut bench, "a");
    bench.answer(&sent, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
    bench.pass(Duration::from_secs(1));
    let again = bench.request().unwrap();
    assert_eq!(sequence(&again), (1, 0));
    bench.answer(&again, ErrorCode::NONE, 5);
    assert_eq!(bench.settled(), ["a at 5"]);
}

#[test]
fn the_epoch_is_bumped_only_when_nothing_is_in_flight() {
    let mut bench = acknowledged();
    let a = send(&mut bench, "a");
    let b = send(&mut bench, "b");
    bench.answer(&a, ErrorCode::UNKNOWN_PRODUCER_ID, -1);
    bench.pass(Duration::from_secs(1));
    assert!(bench.request().is_none());
    bench.answer(&b, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, -1);
    bench.pass(Duration::from_secs(1));
    let again = bench.request().unwrap();
    assert_eq!(sequence(&again), (1, 0));
    bench.answer(&again, ErrorCode::NONE, 1);
    assert_eq!(sequence(&bench.request().unwrap()), (1, 1));
}

#[test]
fn the_last_epoch_is_replaced_by_a_new_id() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.machine.handle_identity(bench.now, 9, i16::MAX);
    bench.produce("a", 0, true);
    let sent = bench.request().unwrap();
    bench.answer(&sent, ErrorCode::UNKNOWN_PRODUCER_ID, -1);
    bench.pass(Duration::from_secs(1));
    assert!(bench.request().is_none());
    assert!(bench.machine.poll_identity(bench.now));
    bench.machine.handle_identity(bench.now, 10, 0);
    let again = bench.request().unwrap();
    assert_eq!((again.batches[0].1.producer_id, sequence(&again)), (10, (0, 0)));
}

#[test]
fn an_acknowledged_successor_resolves_an_expired_batch() {
    let mut bench = acknowledged();
    let a = send(&mut bench, "a");
    bench.pass(Duration::from_secs(60));
    let b = send(&mut bench, "b");
    bench.pass(Duration::from_secs(60));
    assert_eq!(bench.settled(), ["a failed: DeliveryTimeout, maybe written: true"]);
    let reason = Error::new(ErrorKind::Disconnected, "it ended").maybe_written(true);
    bench.machine.handle_lost(bench.now, a.id, &reason);
    bench.produce("c", 0, false);
    bench.pass(Duration::from_secs(1));
    assert!(bench.request().is_none(), "no further numbers while a's are in doubt");
    bench.answer(&b, ErrorCode::NONE, 2);
    let c = bench.request().unwrap();
    assert_eq!(sequence(&c), (0, 3), "b is stored, so a is");
}

#[test]
fn an_unresolved_batch_bumps_the_epoch() {
    let mut bench = acknowledged();
    let a = send(&mut bench, "a");
    bench.pass(Duration::from_secs(120));
    bench.produce("b", 0, false);
    let reason = Error::new(ErrorKind::Disconnected, "it ended").maybe_written(true);
    bench.machine.handle_lost(bench.now, a.id, &reason);
    bench.pass(Duration::from_secs(1));
    assert_eq!(sequence(&bench.request().unwrap()), (1, 0));
}

#[test]
fn a_duplicate_is_stored() {
    let mut bench = acknowledged();
    let sent = send(&mut bench, "a");
    bench.answer(&sent, ErrorCode::DUPLICATE_SEQUENCE_NUMBER, -1);
    assert_eq!(bench.settled(), ["a at -1"]);
}

#[test]
fn nothing_is_sent_before_a_broker_has_given_an_id() {
    let mut bench = Bench::new(|_| {});
    bench.produce("a", 0, true);
    bench.describe(&[1]);
    bench.machine.handle_connected(1);
    assert!(bench.request().is_none());
    assert!(bench.machine.poll_identity(bench.now));
    let loading = Error::new(ErrorKind::Broker, "loading").code(ErrorCode(14));
    bench.machine.handle_identity_failed(bench.now, loading);
    bench.pass(Duration::from_secs(1));
    assert!(bench.machine.poll_identity(bench.now), "it asks again");
    bench.identify();
    assert!(bench.request().is_some());
}

#[test]
fn a_refused_producer_id_is_fatal() {
    let mut bench = Bench::new(|_| {});
    bench.produce("a", 0, true);
    bench.describe(&[1]);
    bench.machine.handle_connected(1);
    assert!(bench.machine.poll_identity(bench.now));
    let refused = Error::new(ErrorKind::Broker, "not authorized").code(ErrorCode(31));
    bench.machine.handle_identity_failed(bench.now, refused);
    assert_eq!(bench.settled(), ["a failed: Broker, maybe written: false"]);
    let record = Record { timestamp: 0, key: None, value: None, headers: &[] };
    let later = bench.machine.produce(bench.now, "t", None, &record, Some("b"), Haste::AtOnce);
    let (error, waiter) = later.unwrap_err();
    assert!(error.fatal());
    assert_eq!(waiter, Some("b"));
}

#[test]
fn acknowledgements_by_a_deleted_topic_do_not_count_for_its_successor() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, true);
    let first = bench.request().unwrap();
    bench.answer(&first, ErrorCode::NONE, 0);
    bench.produce("b", 0, true);
    let before = bench.request().unwrap();

    bench.machine.cluster.want_news();
    let asked = bench.machine.poll_metadata(bench.now).expect("it wants to ask");
    let partition = MetadataPartition { leader_id: 1, ..MetadataPartition::default() };
    let anew = MetadataTopic {
        name: Some("t".into()),
        topic_id: 5,
        partitions: vec![partition],
        ..MetadataTopic::default()
    };
    let response = MetadataResponse { topics: vec![anew], ..MetadataResponse::default() };
    bench.machine.handle_metadata(bench.now, &asked, &response);

    bench.produce("c", 0, true);
    bench.answer(&before, ErrorCode::NONE, 1);
    let alone = bench.request().unwrap();
    bench.produce("d", 0, true);
    bench.pass(MS * 10);
    assert!(bench.request().is_none(), "nothing follows before the new log has taken the first");
    bench.answer(&alone, ErrorCode::NONE, 0);
    assert!(bench.request().is_some());
}

#[test]
fn brokers_still_know_a_batch_that_is_retried() {
    let mut bench = acknowledged();
    let sent: Vec<_> =
        ["a", "b", "c", "d", "e"].into_iter().map(|who| send(&mut bench, who)).collect();
    for lost in &sent[..2] {
        bench.answer(lost, ErrorCode::NETWORK_EXCEPTION, -1);
    }
    for (offset, stored) in (3..).zip(&sent[2..]) {
        bench.answer(stored, ErrorCode::NONE, offset);
    }
    for who in ["f", "g"] {
        bench.produce(who, 0, false);
        bench.machine.flush(bench.now, "flush");
    }
    bench.pass(Duration::from_secs(1));
    let a = bench.request().unwrap();
    assert!(bench.request().is_none());
    bench.answer(&a, ErrorCode::NONE, 1);
    // c, d and e are stored behind b: brokers still know b after one more batch, but not after two.
    let b = bench.request().unwrap();
    let f = bench.request().unwrap();
    assert_eq!([sequence(&a).1, sequence(&b).1, sequence(&f).1], [1, 2, 6]);
    assert!(bench.request().is_none());
    bench.answer(&b, ErrorCode::NONE, 2);
    assert_eq!(sequence(&bench.request().unwrap()).1, 7);
}

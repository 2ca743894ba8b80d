//! Delivery of batches: when they are sent, how they end, and how deadlines and pauses pass.

use super::*;

#[test]
fn a_lingering_batch_is_sent_as_one() {
    let mut bench = Bench::ready(&[1], |config| config.linger = 5 * MS);
    assert!(bench.produce("a", 0, false), "the first record opens a batch");
    assert!(!bench.produce("b", 0, false), "the second has nothing to do with the driver");
    assert!(bench.request().is_none());
    assert_eq!(bench.machine.poll_timeout(), Some(bench.now + 5 * MS));
    bench.pass(5 * MS);
    let request = bench.request().expect("it has lingered");
    assert_eq!(request.batches.len(), 1);
    bench.answer(&request, ErrorCode::NONE, 40);
    assert_eq!(bench.settled(), ["a at 40", "b at 41"]);
    assert!(bench.machine.is_idle());
}

#[test]
fn a_full_batch_is_sent_at_once() {
    let mut bench = Bench::ready(&[1], |config| config.batch_size = 100);
    bench.produce("a", 0, false);
    assert!(bench.request().is_none());
    while !bench.produce("b", 0, false) {}
    let request = bench.request().expect("the batch is full");
    assert!(request.batches[0].2.size() <= 100);
    assert!(bench.request().is_none(), "nothing has been acknowledged yet");
}

#[test]
fn an_awaited_record_is_sent_at_once_if_nothing_is_in_flight() {
    let mut bench = Bench::ready(&[1, 1], |_| {});
    bench.produce("a", 0, true);
    let first = bench.request().expect("nothing is in flight");
    bench.produce("b", 1, true);
    bench.produce("c", 1, true);
    assert!(bench.request().is_none(), "something is in flight");
    bench.answer(&first, ErrorCode::NONE, 0);
    let second = bench.request().expect("nothing is in flight any more");
    bench.answer(&second, ErrorCode::NONE, 5);
    assert_eq!(bench.settled(), ["a at 0", "b at 5", "c at 6"]);
}

#[test]
fn all_ready_partitions_of_a_broker_share_a_request() {
    let mut bench = Bench::ready(&[1, 2, 1], |_| {});
    for partition in [2, 1, 0] {
        bench.produce("a", partition, false);
    }
    bench.pass(5 * MS);
    let partitions = |request: &TestRequest| -> Vec<i32> {
        request.batches.iter().map(|(partition, ..)| *partition).collect()
    };
    let one = bench.request().unwrap();
    let two = bench.request().unwrap();
    assert_eq!((one.node, partitions(&one)), (1, vec![0, 2]));
    assert_eq!((two.node, partitions(&two)), (2, vec![1]));
    assert!(bench.request().is_none());
}

#[test]
fn a_request_stays_within_its_maximum_size() {
    let mut bench = Bench::ready(&[1, 1, 1], |config| config.max_request_size = 250);
    let long = "x".repeat(50).leak();
    for partition in 0..3 {
        bench.produce(long, partition, false);
    }
    bench.pass(5 * MS);
    assert_eq!(bench.request().unwrap().batches.len(), 2);
    assert_eq!(bench.request().unwrap().batches.len(), 1);
}

#[test]
fn records_wait_in_order_for_their_topic() {
    let mut bench = Bench::new(|_| {});
    assert!(bench.produce("a", 0, false));
    assert!(!bench.produce("b", 0, false));
    bench.describe(&[1]);
    bench.identify();
    assert_eq!(bench.machine.poll_connect(), Some(1));
    bench.machine.handle_connected(1);
    bench.pass(5 * MS);
    let request = bench.request().unwrap();
    bench.answer(&request, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["a at 0", "b at 1"]);
}

#[test]
fn an_unknown_topic_is_requested_until_its_records_expire() {
    let mut bench = Bench::new(|_| {});
    bench.produce("a", 0, false);
    let end = bench.now + Duration::from_secs(10);
    let mut asked = 0;
    while bench.now < end {
        if let Some(wanted) = bench.machine.poll_metadata(bench.now) {
            asked += 1;
            bench.answer_metadata(&wanted, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, Vec::new());
        }
        bench.pass(10 * MS);
    }
    assert!((8..20).contains(&asked), "asked {asked} times in 10 s");
    assert_eq!(bench.settled(), ["a failed: UnknownTopic, maybe written: false"]);
    assert!(bench.machine.is_idle());
}

#[test]
fn an_unreachable_cluster_fails_waiting_records() {
    let mut bench = Bench::new(|_| {});
    bench.machine.ping(bench.now, None, "start");
    bench.produce("a", 0, false);
    let _asked = bench.machine.poll_metadata(bench.now).unwrap();
    let refused = Error::new(ErrorKind::Unreachable, "b:1 (TCP: Connection refused)");
    bench.machine.handle_metadata_failed(bench.now, refused);
    bench.pass(Duration::from_secs(10));
    let settled = bench.settled();
    assert_eq!(settled[0], "a failed: Unreachable, maybe written: false");
    assert!(settled[1].contains("b:1 (TCP: Connection refused)"), "{settled:?}");
}

#[test]
fn a_topic_in_error_keeps_its_partitions() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, false);
    bench.machine.cluster.want();
    bench.pass(200 * MS);
    let asked = bench.machine.poll_metadata(bench.now).unwrap();
    bench.answer_metadata(&asked, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, Vec::new());
    let request = bench.request().expect("it is sent all the same");
    bench.answer(&request, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["a at 0"]);
}

#[test]
fn metadata_older_than_the_last_election_is_ignored() {
    let mut bench = Bench::ready(&[], |_| {});
    for (epoch, leader, expected) in [(5, 1, 1), (4, 2, 1), (6, 3, 3)] {
        bench.machine.cluster.want();
        bench.pass(Duration::from_secs(1));
        let asked = bench.machine.poll_metadata(bench.now).unwrap();
        let partition =
            MetadataPartition { leader_id: leader, leader_epoch: epoch, ..Default::default() };
        bench.answer_metadata(&asked, ErrorCode::NONE, vec![partition]);
        assert_eq!(bench.machine.leaders("t"), [Some(expected)]);
    }
}

#[test]
fn flush_sends_and_awaits_earlier_records() {
    let mut bench = Bench::ready(&[1], |config| config.linger = Duration::from_secs(60));
    bench.produce("a", 0, false);
    bench.machine.flush(bench.now, "flush");
    bench.produce("later", 0, false);
    assert!(bench.settled().is_empty());
    let request = bench.request().expect("flush does not linger");
    bench.answer(&request, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["a at 0", "flush: Ok(())"]);
    bench.machine.flush(bench.now, "second");
    let request = bench.request().expect("the record after the first flush");
    bench.answer(&request, ErrorCode::NONE, 1);
    assert_eq!(bench.settled(), ["later at 1", "second: Ok(())"]);
}

#[test]
fn flush_waits_for_records_whose_topic_was_unknown() {
    let mut bench = Bench::new(|config| config.linger = Duration::from_secs(60));
    bench.produce("a", 0, false);
    bench.machine.flush(bench.now, "flush");
    bench.describe(&[1]);
    bench.identify();
    bench.machine.handle_connected(1);
    assert!(bench.settled().is_empty());
    let request = bench.request().expect("flush does not linger");
    bench.answer(&request, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["a at 0", "flush: Ok(())"]);
}

#[test]
fn close_delivers_earlier_records_and_refuses_new_ones() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, false);
    bench.machine.close(bench.now, bench.now + Duration::from_secs(9), Some("close"));
    let record = Record { timestamp: 0, key: None, value: None, headers: &[] };
    let refused = bench.machine.produce(bench.now, "t", None, &record, Some("b"), Haste::AtOnce);
    assert_eq!(refused.unwrap_err().0.kind(), ErrorKind::Closed);
    bench.pass(5 * MS);
    let request = bench.request().unwrap();
    assert!(!bench.machine.is_finished());
    bench.answer(&request, ErrorCode::NONE, 0);
    bench.pass(Duration::ZERO);
    assert!(bench.machine.is_finished());
    assert_eq!(bench.settled(), ["a at 0", "close: Ok(())"]);
    assert_eq!(bench.machine.abandoned(), 0);
}

#[test]
fn close_drops_records_at_its_deadline() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("sent", 0, true);
    let _unanswered = bench.request().unwrap();
    bench.produce("queued", 0, false);
    bench.machine.close(bench.now, bench.now + 100 * MS, Some("close"));
    bench.pass(100 * MS);
    assert!(bench.machine.is_finished());
    assert_eq!(
        bench.settled(),
        [
            "sent failed: Closed, maybe written: true",
            "queued failed: Closed, maybe written: false",
            "close: Ok(())"
        ]
    );
    assert_eq!(bench.machine.abandoned(), 2);
}

#[test]
fn awaited_records_share_a_batch_until_it_is_sent_and_flushed_ones_do_not() {
    let mut bench = Bench::ready(&[1], |_| {});
    assert!(bench.produce("a", 0, true), "it leaves at once");
    assert!(!bench.produce("b", 0, true), "that was said before");
    let request = bench.request().unwrap();
    assert_eq!(request.batches[0].2.count(), 2);
    bench.produce("c", 0, true);
    bench.machine.flush(bench.now, "flushed");
    bench.produce("d", 0, true);
    bench.answer(&request, ErrorCode::NONE, 0);
    let counts = std::iter::from_fn(|| bench.request()).map(|sent| sent.batches[0].2.count());
    assert_eq!(counts.collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn throttle_times_are_kept_up_to_a_maximum() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, true);
    let request = bench.request().unwrap();
    let response =
        ProduceResponse { throttle_time_ms: i32::MAX, ..answer_to(&request, ErrorCode::NONE, 0) };
    bench.machine.handle_produced(bench.now, request.id, &response);
    bench.produce("b", 0, true);
    bench.pass(LONGEST_SILENCE.saturating_sub(MS));
    assert!(bench.request().is_none());
    bench.pass(MS);
    let request = bench.request().unwrap();
    // A throttle time ends with its connection.
    let response =
        ProduceResponse { throttle_time_ms: 9_000, ..answer_to(&request, ErrorCode::NONE, 1) };
    bench.machine.handle_produced(bench.now, request.id, &response);
    bench.produce("c", 0, true);
    assert!(bench.request().is_none());
    bench.machine.handle_disconnected(bench.now, 1);
    bench.machine.handle_connected(1);
    bench.pass(MS);
    assert!(bench.request().is_some());
}

#[test]
fn only_topics_that_records_wait_for_may_be_created() {
    let mut bench = Bench::ready(&[1], |_| {});
    let asked = |bench: &mut Bench| {
        bench.machine.cluster.want_news();
        let asked = bench.machine.poll_metadata(bench.now).expect("it wants to ask");
        (asked.topics.iter().map(ToString::to_string).collect::<Vec<_>>(), asked.may_create)
    };
    let gone = |bench: &mut Bench| {
        let topics = vec!["t".into()];
        let wanted = MetadataWanted { topics, may_create: false, everything: false };
        bench.answer_metadata(&wanted, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, Vec::new());
    };
    gone(&mut bench);
    assert_eq!(asked(&mut bench), (vec!["t".to_owned()], false), "nobody needs it");
    gone(&mut bench);
    let record = Record { timestamp: 7, key: None, value: None, headers: &[] };
    bench.machine.produce(bench.now, "new", None, &record, Some("n"), Haste::Lingers).unwrap();
    assert_eq!(asked(&mut bench), (vec!["new".to_owned()], true), "the other stays away");
    gone(&mut bench);
    bench.produce("a", 0, false);
    assert_eq!(asked(&mut bench), (vec!["t".to_owned(), "new".to_owned()], true));
}

#[test]
fn close_sends_lingering_batches() {
    let mut bench = Bench::ready(&[1], |config| config.linger = Duration::from_secs(60));
    bench.produce("a", 0, false);
    bench.machine.close(bench.now, bench.now + Duration::from_secs(100), Some("close"));
    let request = bench.request().expect("it leaves at once");
    bench.answer(&request, ErrorCode::NONE, 0);
    bench.pass(MS);
    assert_eq!(bench.settled(), ["a at 0", "close: Ok(())"]);
}

#[test]
fn close_sends_records_at_once_when_their_topic_is_known() {
    let mut bench = Bench::new(|config| config.linger = Duration::from_secs(60));
    bench.produce("a", 0, false);
    bench.machine.close(bench.now, bench.now + Duration::from_secs(100), Some("close"));
    bench.describe(&[1]);
    bench.machine.handle_connected(1);
    bench.identify();
    assert!(bench.request().is_some());
}

#[test]
fn records_handed_over_together_are_sent_together() {
    let mut bench = Bench::ready(&[1, 1], |config| config.linger = 50 * MS);
    for (who, partition) in [("a", 0), ("b", 0), ("c", 1)] {
        bench.produce_with(who, partition, Haste::Together);
        assert!(bench.request().is_none(), "more may come");
    }
    assert!(bench.machine.ship(bench.now));
    let request = bench.request().unwrap();
    let counts: Vec<_> = request.batches.iter().map(|(.., batch)| batch.count()).collect();
    assert_eq!(counts, [2, 1]);
    assert!(!bench.machine.ship(bench.now), "nothing was handed over since");
}

#[test]
fn shipped_records_are_sent_after_the_next_answer() {
    let mut bench = Bench::ready(&[1], |config| config.linger = 50 * MS);
    bench.produce("first", 0, true);
    let first = bench.request().unwrap();
    bench.produce_with("second", 0, Haste::Together);
    bench.machine.ship(bench.now);
    assert!(bench.request().is_none());
    bench.answer(&first, ErrorCode::NONE, 0);
    assert!(bench.request().is_some());
}

#[test]
fn a_full_batch_does_not_wait_for_the_rest() {
    let mut bench = Bench::ready(&[1], |config| config.batch_size = 100);
    bench.produce_with("one", 0, Haste::Together);
    assert!(bench.request().is_none());
    for _ in 0..10 {
        bench.produce_with("more", 0, Haste::Together);
    }
    assert!(bench.request().is_some());
}

#[test]
fn an_awaited_record_does_not_linger_because_its_leader_moved() {
    let mut bench = Bench::ready(&[1, 2, 1], |config| config.linger = Duration::from_secs(60));
    bench.produce("old leader", 2, true);
    let _unanswered = bench.request().unwrap();
    bench.produce("new leader", 1, true);
    let busy = bench.request().unwrap();
    bench.produce("awaited", 0, true);
    bench.machine.cluster.want();
    bench.pass(200 * MS);
    bench.describe(&[2, 2, 1]);
    bench.produce("awaited too", 0, true);
    assert!(bench.request().is_none(), "the new leader owes an answer");
    bench.answer(&busy, ErrorCode::NONE, 0);
    assert_eq!(bench.request().expect("the new leader is idle").node, 2);
}

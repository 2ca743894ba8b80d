//! Topics that grow, shrink, vanish and come back.

use super::*;

const UNKNOWN: ErrorCode = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;

impl Bench {
    /// Has the cluster asked again, and describes the topic with an id, all partitions led by
    /// broker 1.
    fn refresh(&mut self, topic_id: u128, partitions: i32) {
        self.machine.cluster.want();
        self.ask_again(topic_id, partitions);
    }

    /// The same, where the machine asks automatically.
    fn ask_again(&mut self, topic_id: u128, partitions: i32) {
        self.pass(1_000 * MS);
        let asked = self.machine.poll_metadata(self.now).expect("it wants to ask");
        self.describe_as(&asked, topic_id, partitions);
    }

    fn describe_as(&mut self, asked: &MetadataWanted, topic_id: u128, partitions: i32) {
        let partition = |partition_index| MetadataPartition {
            partition_index,
            leader_id: 1,
            ..MetadataPartition::default()
        };
        let response = MetadataResponse {
            brokers: vec![MetadataBroker::default()],
            topics: vec![MetadataTopic {
                name: Some("t".into()),
                topic_id,
                partitions: (0..partitions).map(partition).collect(),
                ..MetadataTopic::default()
            }],
            ..MetadataResponse::default()
        };
        self.machine.handle_metadata(self.now, asked, &response);
    }

    fn deny(&mut self) {
        self.machine.cluster.want();
        self.pass(1_000 * MS);
        let asked = self.machine.poll_metadata(self.now).expect("it wants to ask");
        self.answer_metadata(&asked, UNKNOWN, vec![]);
    }

    /// Returns the first error that was settled.
    fn error(&mut self) -> Error {
        match self.machine.poll_settled() {
            Some(Settled::Batch(batch)) => batch.outcome.expect_err("it failed"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_topic_recreated_with_fewer_partitions_is_recognized() {
    let mut bench = Bench::ready(&[1; 4], |_| {});
    bench.refresh(7, 4);
    bench.produce("in flight", 3, true);
    let in_flight = bench.request().unwrap();
    bench.produce("queued", 3, false);
    bench.produce("stays", 1, false);
    bench.refresh(8, 2);
    assert_eq!(bench.machine.partitions("t"), Some(2));
    assert_eq!(bench.machine.leaders("t"), [Some(1); 2]);
    assert!(bench.settled().is_empty(), "some may be younger than the question");
    bench.ask_again(8, 2);
    assert!(bench.settled().is_empty(), "what is in flight there has not ended");
    bench.answer(&in_flight, UNKNOWN, -1);
    let error = bench.error();
    assert_eq!(error.kind(), ErrorKind::UnknownPartition);
    assert!(error.to_string().contains("created anew with 2 partitions"), "{error}");
    assert_eq!(bench.settled(), ["queued failed: UnknownPartition, maybe written: false"]);
    let request = bench.request().unwrap();
    assert_eq!(request.batches[0].0, 1, "the other partition is served");
}

#[test]
fn a_topic_recreated_twice_keeps_records_that_fit_its_last_size() {
    let mut bench = Bench::ready(&[1; 4], |_| {});
    bench.refresh(7, 4);
    bench.produce("queued", 3, false);
    bench.refresh(8, 2);
    bench.ask_again(9, 4);
    bench.pass(1_000 * MS);
    let request = bench.request().unwrap();
    assert_eq!(request.batches[0].0, 3);
    assert!(bench.settled().is_empty());
}

#[test]
fn keys_map_to_the_partitions_of_a_smaller_topic() {
    let mut bench = Bench::ready(&[1; 4], |_| {});
    bench.refresh(7, 4);
    bench.refresh(8, 2);
    for key in 0..20_u8 {
        let record = Record { timestamp: 7, key: Some(&[key]), value: None, headers: &[] };
        bench.machine.produce(bench.now, "t", None, &record, Some("a"), Haste::AtOnce).unwrap();
    }
    let request = bench.request().unwrap();
    assert!(request.batches.iter().all(|(partition, ..)| *partition < 2));
}

#[test]
fn a_broker_that_lags_behind_does_not_make_a_topic_smaller() {
    let mut bench = Bench::ready(&[1; 4], |_| {});
    bench.refresh(7, 4);
    bench.produce("queued", 3, false);
    bench.refresh(7, 2);
    assert_eq!(bench.machine.partitions("t"), Some(4));
    assert!(bench.settled().is_empty());
}

#[test]
fn without_topic_ids_a_second_answer_has_to_agree_that_a_topic_is_smaller() {
    let mut bench = Bench::ready(&[1; 4], |_| {});
    bench.refresh(0, 2);
    assert_eq!(bench.machine.partitions("t"), Some(4));
    bench.ask_again(0, 2);
    assert_eq!(bench.machine.partitions("t"), Some(2));
    bench.refresh(0, 4);
    assert_eq!(bench.machine.partitions("t"), Some(4));
}

#[test]
fn an_unknown_partition_is_asked_for_once() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.refresh(7, 1);
    assert!(bench.produce("new", 1, true), "the driver is to ask");
    bench.produce("behind", 0, true);
    assert!(bench.settled().is_empty());
    bench.pass(1_000 * MS);
    let asked = bench.machine.poll_metadata(bench.now).expect("it asks again");
    bench.describe_as(&asked, 7, 2);
    let request = bench.request().unwrap();
    assert_eq!(request.batches.iter().map(|(at, ..)| *at).collect::<Vec<_>>(), [0, 1]);
    assert!(bench.produce("no such", 2, true));
    bench.pass(1_000 * MS);
    let asked = bench.machine.poll_metadata(bench.now).expect("it asks again");
    bench.describe_as(&asked, 7, 2);
    assert_eq!(bench.settled(), ["no such failed: UnknownPartition, maybe written: false"]);
    bench.produce("behind", 0, true);
    let pending = bench.machine.metrics().pending;
    assert_eq!((pending.waiting_for_topic, pending.waiting_for_placing), (0, 0));
}

#[test]
fn an_answer_to_an_earlier_request_does_not_rule_out_a_partition() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.refresh(7, 1);
    bench.machine.cluster.want();
    bench.pass(1_000 * MS);
    let before = bench.machine.poll_metadata(bench.now).expect("it asks");
    bench.produce("new", 1, true);
    bench.describe_as(&before, 7, 1);
    assert!(bench.settled().is_empty(), "the partition may be younger than that question");
    bench.pass(1_000 * MS);
    let asked = bench.machine.poll_metadata(bench.now).expect("it asks again");
    bench.describe_as(&asked, 7, 2);
    assert_eq!(bench.request().unwrap().batches[0].0, 1);
}

#[test]
fn a_new_topic_is_asked_about_again_for_a_partition_that_it_does_not_have() {
    let mut bench = Bench::new(|_| {});
    bench.produce("first", 0, true);
    let before = bench.machine.poll_metadata(bench.now).expect("it asks");
    bench.produce("no such", 9, true);
    bench.describe_as(&before, 7, 1);
    assert!(bench.settled().is_empty());
    bench.pass(1_000 * MS);
    let asked = bench.machine.poll_metadata(bench.now).expect("it asks again by itself");
    bench.describe_as(&asked, 7, 1);
    assert_eq!(bench.settled(), ["no such failed: UnknownPartition, maybe written: false"]);
}

#[test]
fn an_unknown_partition_fails_in_time_where_no_broker_can_be_asked() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.refresh(7, 1);
    bench.produce("new", 1, true);
    bench.pass(10_000 * MS);
    let error = bench.error();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.to_string().contains("metadata_timeout_ms=10000"), "{error}");
}

#[test]
fn a_topic_that_was_deleted_fails_new_records_as_unknown() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.refresh(7, 1);
    bench.produce("before", 0, true);
    let before = bench.request().unwrap();
    bench.answer(&before, UNKNOWN, -1);
    bench.deny();
    assert_eq!(bench.machine.partitions("t"), None);
    bench.produce("after", 0, true);
    bench.pass(9_999 * MS);
    assert!(bench.settled().is_empty());
    bench.pass(MS);
    let error = bench.error();
    assert_eq!(error.kind(), ErrorKind::UnknownTopic);
    assert!(error.to_string().contains("metadata_timeout_ms=10000"), "{error}");
    bench.pass(120_000 * MS);
    assert_eq!(bench.settled(), ["before failed: DeliveryTimeout, maybe written: false"]);
}

#[test]
fn a_topic_that_comes_back_takes_the_records_that_waited_for_it() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.refresh(7, 1);
    bench.produce("before", 0, false);
    bench.deny();
    bench.produce("after", 0, true);
    bench.refresh(8, 1);
    bench.pass(5 * MS);
    let mut offset = 0;
    while let Some(request) = bench.request() {
        bench.answer(&request, ErrorCode::NONE, offset);
        offset += 1;
    }
    assert_eq!(bench.settled(), ["before at 0", "after at 1"]);
}

#[test]
fn a_partition_request_returns_new_partitions() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.refresh(7, 1);
    bench.machine.locate(bench.now, "t", "partitions");
    bench.pass(1_000 * MS);
    let asked = bench.machine.poll_metadata(bench.now).expect("it asks again");
    bench.describe_as(&asked, 7, 3);
    assert_eq!(bench.settled(), ["partitions: Ok(())"]);
    assert_eq!(bench.machine.leaders("t").len(), 3);
}

#[test]
fn the_limit_that_ended_a_wait_is_named() {
    let mut bench = Bench::new(|config| config.delivery_timeout = 300 * MS);
    bench.produce("a", 0, true);
    bench.pass(300 * MS);
    let error = bench.error().to_string();
    assert!(error.contains("delivery_timeout_ms=300"), "{error}");
    assert!(!error.contains("metadata_timeout_ms"), "{error}");
}

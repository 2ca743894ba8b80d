//! Calls that wait for the cluster to answer.

use super::*;

const UNKNOWN: ErrorCode = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;

#[test]
fn producing_to_a_known_topic_requests_no_metadata() {
    let mut bench = Bench::ready(&[1, 2], |_| {});
    bench.machine.locate_for_records(bench.now, "t", None, "partitions");
    assert_eq!(bench.settled(), ["partitions: Ok(())"]);
    assert_eq!(bench.machine.leaders("t"), [Some(1), Some(2)]);
    assert_eq!(bench.machine.leaders("u"), []);
}

#[test]
fn describing_a_topic_does_not_create_it() {
    let mut bench = Bench::new(|_| {});
    bench.machine.locate(bench.now, "t", "partitions");
    let asked = bench.machine.poll_metadata(bench.now).unwrap();
    assert!(!asked.may_create);
    assert_eq!(asked.topics, ["t".into()]);
    bench.answer_metadata(&asked, UNKNOWN, vec![]);
    assert!(bench.settled().is_empty(), "it may be a topic that was made a moment ago");
    bench.pass(10_000 * MS);
    let settled = bench.settled();
    assert!(settled[0].contains("does not exist"), "{settled:?}");
    assert!(bench.machine.is_idle());
}

#[test]
fn describe_requests_alternate_with_creating_requests() {
    let mut bench = Bench::new(|_| {});
    bench.produce("record", 0, true);
    bench.machine.locate(bench.now, "other", "partitions");
    let first = bench.machine.poll_metadata(bench.now).unwrap();
    assert!(first.may_create);
    assert_eq!(first.topics, ["t".into()]);
    bench.answer_metadata(&first, UNKNOWN, vec![]);
    bench.pass(2_000 * MS);
    let second = bench.machine.poll_metadata(bench.now).unwrap();
    assert!(!second.may_create);
    assert_eq!(second.topics, ["t".into(), "other".into()]);
    bench.answer_metadata(&second, UNKNOWN, vec![]);
    bench.pass(2_000 * MS);
    assert!(bench.machine.poll_metadata(bench.now).unwrap().may_create);
}

#[test]
fn a_permanent_topic_error_fails_the_call_at_once() {
    let mut bench = Bench::new(|_| {});
    bench.machine.locate(bench.now, "t", "partitions");
    let asked = bench.machine.poll_metadata(bench.now).unwrap();
    bench.answer_metadata(&asked, ErrorCode::INVALID_TOPIC, vec![]);
    assert!(bench.settled()[0].contains("cannot be a topic's name"));
}

#[test]
fn a_ping_needs_an_answer_that_comes_after_it() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.machine.ping(bench.now, Some(500 * MS), "ping");
    assert!(bench.settled().is_empty());
    bench.pass(100 * MS);
    bench.describe(&[1]);
    assert_eq!(bench.settled(), ["ping: Ok(())"]);
}

#[test]
fn a_ping_that_is_not_answered_says_how_long_it_waited() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.machine.ping(bench.now, Some(500 * MS), "ping");
    bench.pass(499 * MS);
    assert!(bench.settled().is_empty());
    assert!(bench.machine.poll_timeout().unwrap() <= bench.now + MS);
    bench.pass(MS);
    let settled = bench.settled();
    assert!(settled[0].contains("could not be reached within 500 ms"), "{settled:?}");
}

#[test]
fn records_before_a_flush_are_counted_and_those_behind_it_are_not() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("one", 0, false);
    bench.produce("two", 0, false);
    let before = bench.machine.flush(bench.now, "flush");
    bench.produce("three", 0, false);
    assert_eq!(bench.machine.unsettled_before(before), 2);
    let request = bench.request().unwrap();
    assert_eq!(bench.machine.unsettled_before(before), 2, "sent is not settled");
    bench.answer(&request, ErrorCode::NONE, 0);
    assert_eq!(bench.machine.unsettled_before(before), 0);
    assert_eq!(bench.settled(), ["one at 0", "two at 1", "flush: Ok(())"]);
}

#[test]
fn unclaimed_records_are_counted_when_they_end() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("one", 0, false);
    for _ in 0..2 {
        let record = Record { timestamp: 7, key: None, value: None, headers: &[] };
        bench.machine.produce(bench.now, "t", Some(0), &record, None, Haste::Lingers).unwrap();
    }
    let request = bench.request().or_else(|| {
        bench.pass(5 * MS);
        bench.request()
    });
    bench.answer(&request.unwrap(), ErrorCode::INVALID_RECORD, -1);
    let Some(Settled::Batch(batch)) = bench.machine.poll_settled() else { panic!("a batch") };
    assert_eq!((batch.waiting.len(), batch.unclaimed), (1, 2));
}

#[test]
fn a_call_that_will_produce_may_create_the_topic() {
    let mut bench = Bench::new(|_| {});
    bench.machine.locate_for_records(bench.now, "t", None, "partitions");
    let asked = bench.machine.poll_metadata(bench.now).unwrap();
    assert!(asked.may_create);
    assert_eq!(asked.topics.iter().map(|name| &**name).collect::<Vec<_>>(), ["t"]);
}

#[test]
fn a_call_that_will_produce_requests_an_unknown_partition() {
    let mut bench = Bench::ready(&[1, 2], |_| {});
    bench.machine.locate_for_records(bench.now, "t", Some(1), "known");
    assert_eq!(bench.settled(), ["known: Ok(())"]);
    bench.machine.locate_for_records(bench.now, "t", Some(2), "added");
    assert!(bench.settled().is_empty());
    bench.describe(&[1, 2, 1]);
    assert_eq!(bench.settled(), ["added: Ok(())"]);
    assert_eq!(bench.machine.leaders("t").len(), 3);
}

impl Bench {
    /// Answers a question about everything, with Kafka's own topic and "t" if that has a leader.
    fn answer_everything(&mut self, asked: &MetadataWanted, leader_of_t: Option<i32>) {
        assert!(asked.everything && !asked.may_create);
        let topic = |name: &str, is_internal, leader_id| MetadataTopic {
            name: Some(name.into()),
            is_internal,
            partitions: vec![MetadataPartition { leader_id, ..MetadataPartition::default() }],
            ..MetadataTopic::default()
        };
        let broker = |node_id, rack: Option<&str>| MetadataBroker {
            node_id,
            host: format!("broker-{node_id}"),
            port: 9092,
            rack: rack.map(str::to_owned),
        };
        let t = leader_of_t.map(|leader| topic("t", false, leader));
        let response = MetadataResponse {
            cluster_id: Some("id".into()),
            brokers: vec![broker(2, None), broker(1, Some("here"))],
            topics: t.into_iter().chain([topic("__consumer_offsets", true, 1)]).collect(),
            ..MetadataResponse::default()
        };
        self.machine.handle_metadata(self.now, asked, &response);
    }

    /// Returns the next question, after any pause.
    fn next_question(&mut self) -> MetadataWanted {
        self.pass(2_000 * MS);
        self.machine.poll_metadata(self.now).expect("it wants to ask")
    }
}

#[test]
fn a_cluster_describes_itself() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.pass(1_000 * MS);
    assert_eq!(bench.machine.described(), None);
    bench.machine.describe_cluster(bench.now, None, "cluster");
    let asked = bench.machine.poll_metadata(bench.now).unwrap();
    assert!(bench.settled().is_empty());
    bench.answer_everything(&asked, Some(1));
    assert_eq!(bench.settled(), ["cluster: Ok(())"]);
    let described = bench.machine.described().unwrap();
    assert_eq!((described.cluster_id.as_deref(), described.controller), (Some("id"), None));
    let brokers = described.brokers.iter().map(|broker| (broker.id, broker.rack.as_deref()));
    assert_eq!(brokers.collect::<Vec<_>>(), [(1, Some("here")), (2, None)]);
    let topics = described.topics.iter();
    let topics = topics.map(|topic| (&*topic.name, topic.partitions, topic.is_internal));
    assert_eq!(topics.collect::<Vec<_>>(), [("__consumer_offsets", 1, true), ("t", 1, false)]);
    assert_eq!(bench.machine.metrics().topics.len(), 1, "topics without records are not kept");
}

#[test]
fn only_a_later_question_describes_the_cluster() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.machine.describe_cluster(bench.now, None, "first");
    let first = bench.machine.poll_metadata(bench.now).unwrap();
    bench.machine.describe_cluster(bench.now, None, "second");
    bench.answer_everything(&first, Some(1));
    assert_eq!(bench.settled(), ["first: Ok(())"]);
    let second = bench.next_question();
    let failed = Error::new(ErrorKind::Unreachable, "no broker is there");
    bench.machine.handle_metadata_failed(bench.now, failed);
    // An answer to a question by name settles no call for everything.
    bench.machine.locate(bench.now, "other", "partitions");
    let third = bench.next_question();
    assert!(second.everything && !third.everything);
    bench.answer_metadata(&third, UNKNOWN, vec![]);
    assert!(bench.settled().is_empty());
    let fourth = bench.next_question();
    bench.answer_everything(&fourth, Some(1));
    assert_eq!(bench.settled(), ["second: Ok(())"]);
}

#[test]
fn describe_cluster_requests_alternate_with_creating_requests() {
    let mut bench = Bench::new(|_| {});
    bench.produce("record", 0, true);
    let mut kinds = Vec::new();
    for _ in 0..4 {
        bench.machine.describe_cluster(bench.now, None, "cluster");
        let asked = bench.next_question();
        kinds.push((asked.everything, asked.may_create));
        if asked.everything {
            bench.answer_everything(&asked, None);
        } else {
            bench.answer_metadata(&asked, UNKNOWN, vec![]);
        }
    }
    assert_eq!(kinds, [(true, false), (false, true), (true, false), (false, true)]);
}

#[test]
fn an_answer_about_everything_serves_a_topic_as_well() {
    let mut bench = Bench::new(|_| {});
    bench.produce("record", 0, true);
    bench.machine.locate(bench.now, "t", "partitions");
    bench.machine.describe_cluster(bench.now, None, "cluster");
    let asked = bench.machine.poll_metadata(bench.now).unwrap();
    bench.answer_everything(&asked, Some(1));
    assert_eq!(bench.settled(), ["partitions: Ok(())", "cluster: Ok(())"]);
    assert_eq!(bench.machine.poll_connect(), Some(1), "the record can go");
}

#[test]
fn a_cluster_that_does_not_describe_itself_in_time_is_unreachable() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.machine.describe_cluster(bench.now, Some(500 * MS), "soon");
    bench.machine.describe_cluster(bench.now, None, "later");
    bench.pass(500 * MS);
    let settled = bench.settled();
    assert!(settled[0].starts_with("soon") && settled[0].contains("within 500 ms"), "{settled:?}");
    assert_eq!(settled.len(), 1);
    bench.pass(9_500 * MS);
    let settled = bench.settled();
    assert!(settled[0].contains("within metadata_timeout_ms=10000"), "{settled:?}");
}

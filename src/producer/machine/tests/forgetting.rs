//! Unused topics are forgotten, unless they have unsettled records or calls.

use std::sync::Arc;

use super::*;
use crate::producer::metrics::RecordMetrics;

const IDLE: Duration = Duration::from_secs(1);

/// The epoch and the sequence number of a batch.
type Number = (i16, i32);

impl Bench {
    /// Is connected to broker 1, knows no topic, and forgets topics that are idle for [`IDLE`].
    fn forgetful(change: impl FnOnce(&mut Config)) -> Self {
        let mut bench = Self::new(|config| {
            config.metadata_max_idle = IDLE;
            change(config);
        });
        bench.machine.handle_connected(1);
        bench.identify();
        bench
    }

    /// Lets idle topics be forgotten. The machine checks each several times before.
    fn idle(&mut self) {
        self.look(8);
    }

    /// Lets the machine check its topics `times` times.
    fn look(&mut self, times: u32) {
        for _ in 0..times {
            self.pass(IDLE / 4);
        }
    }

    fn produce_to(&mut self, topic: &str, who: &'static str) {
        let record = Record { timestamp: 7, key: None, value: Some(b"v"), headers: &[] };
        let haste = Haste::AtOnce;
        let produced =
            self.machine.produce(self.now, topic, Some(0), &record, Some(who), haste).unwrap();
        assert!(matches!(produced, Produced::Accepted { .. }), "there is memory");
    }

    /// Describes every topic of the question that is due, each with one partition.
    fn describe_wanted(&mut self) {
        let Some(asked) = self.machine.poll_metadata(self.now) else { return };
        let partition = MetadataPartition { leader_id: 1, ..MetadataPartition::default() };
        let describe = |name: &Arc<str>| MetadataTopic {
            name: Some(name.as_ref().into()),
            partitions: vec![partition.clone()],
            ..MetadataTopic::default()
        };
        let response = MetadataResponse {
            brokers: vec![MetadataBroker::default()],
            topics: asked.topics.iter().map(describe).collect(),
            ..MetadataResponse::default()
        };
        self.machine.handle_metadata(self.now, &asked, &response);
    }

    /// Stores every batch that may be sent. Returns their numbers.
    fn deliver(&mut self) -> Vec<Number> {
        let mut numbers = Vec::new();
        while let Some(outgoing) = self.machine.poll_request(self.now) {
            let mut sealed = Vec::new();
            let mut response = ProduceResponse::default();
            for part in outgoing.parts {
                numbers.push((part.identity.epoch, part.identity.base_sequence));
                let Content::Open(batch) = part.content else { panic!("it was never sent") };
                sealed.push(batch.seal(Compression::NONE, &mut Compressor::new()));
                response.responses.push(TopicProduced {
                    name: part.topic.as_ref().into(),
                    partition_responses: vec![PartitionProduced::default()],
                    ..TopicProduced::default()
                });
            }
            self.machine.handle_sealed(self.now, outgoing.id, sealed);
            self.machine.handle_produced(self.now, outgoing.id, &response);
        }
        numbers
    }

    /// Stores a record of a topic. Returns the numbers of its batch.
    fn store(&mut self, topic: &str) -> Vec<Number> {
        self.produce_to(topic, "stored");
        self.describe_wanted();
        let numbers = self.deliver();
        assert_eq!(self.settled(), ["stored at 0"]);
        numbers
    }

    fn topics(&self) -> Vec<String> {
        let topics = self.machine.metrics().topics;
        topics.iter().map(|topic| topic.name.to_string()).collect()
    }

    fn records(&self) -> RecordMetrics {
        self.machine.metrics().records
    }
}

#[test]
fn any_number_of_topics_over_a_life_need_a_bounded_number_of_indices() {
    let mut bench = Bench::forgetful(|_| {});
    let topics = 3_000;
    let mut most = 0;
    for topic in 0..topics {
        bench.store(&format!("topic-{topic}"));
        most = most.max(bench.topics().len());
        bench.pass(10 * MS);
    }
    assert!((100..200).contains(&most), "{most} topics were held at once");
    assert_eq!(bench.machine.cluster.topics().count(), most, "indices are used again");
    let records = bench.records();
    assert_eq!((records.handed_over, records.acknowledged), (topics, topics));
    bench.idle();
    assert!(bench.topics().is_empty());
    assert_eq!(bench.records(), records);
}

#[test]
fn a_topic_in_use_is_not_forgotten() {
    let mut bench = Bench::forgetful(|_| {});
    for _ in 0..20 {
        bench.store("t");
        bench.pass(IDLE * 9 / 10);
    }
    assert_eq!(bench.records().handed_over, 20);
    assert_eq!(bench.machine.metrics().topics[0].records.handed_over, 20, "since the first");
    bench.idle();
    assert!(bench.topics().is_empty());
}

#[test]
fn a_topic_with_a_record_in_flight_is_not_forgotten() {
    let mut bench = Bench::forgetful(|_| {});
    bench.produce_to("t", "a");
    bench.describe_wanted();
    let sent = bench.request().unwrap();
    bench.idle();
    assert_eq!(bench.topics(), ["t"]);
    bench.answer(&sent, ErrorCode::NONE, 7);
    assert_eq!(bench.settled(), ["a at 7"]);
    bench.idle();
    assert!(bench.topics().is_empty());
}

#[test]
fn a_topic_with_a_batch_that_was_given_up_in_flight_is_not_forgotten() {
    let mut bench = Bench::forgetful(|_| {});
    bench.produce_to("t", "a");
    bench.describe_wanted();
    let sent = bench.request().unwrap();
    bench.machine.purge(bench.now, Purge::ALL);
    assert_eq!(bench.settled(), ["a failed: Purged, maybe written: true"]);
    bench.idle();
    assert_eq!(bench.topics(), ["t"], "the broker still owes the answer");
    bench.answer(&sent, ErrorCode::NONE, 0);
    bench.idle();
    assert!(bench.topics().is_empty());
}

#[test]
fn a_topic_whose_broker_never_reconnects_is_forgotten() {
    let mut bench = Bench::forgetful(|config| {
        config.request_timeout = IDLE / 4;
        config.delivery_timeout = IDLE / 2;
        config.linger = Duration::ZERO;
    });
    bench.store("t");
    bench.machine.handle_disconnected(bench.now, 1);
    bench.produce_to("t", "a");
    bench.idle();
    assert_eq!(bench.settled(), ["a failed: DeliveryTimeout, maybe written: false"]);
    bench.idle();
    assert!(bench.topics().is_empty());
}

#[test]
fn a_topic_with_a_record_that_waits_for_memory_is_not_forgotten() {
    let mut bench = Bench::forgetful(|config| config.buffer_memory = 1_000);
    let large = vec![0; 800];
    let record = Record { timestamp: 7, key: None, value: Some(&large), headers: &[] };
    bench.machine.produce(bench.now, "t", Some(0), &record, Some("a"), Haste::AtOnce).unwrap();
    bench.describe_wanted();
    let sent = bench.request().unwrap();
    let copy = OwnedRecord::copy(&record).unwrap();
    bench.machine.wait(bench.now, "u", Some(0), copy, Some("b"), Haste::AtOnce).unwrap();
    bench.idle();
    assert_eq!(bench.topics(), ["t", "u"]);
    bench.answer(&sent, ErrorCode::NONE, 0);
    bench.describe_wanted();
    bench.deliver();
    assert_eq!(bench.settled(), ["a at 0", "b at 0"]);
    bench.idle();
    assert!(bench.topics().is_empty());
}

#[test]
fn a_topic_whose_records_wait_until_it_is_known_is_not_forgotten() {
    let mut bench = Bench::forgetful(|_| {});
    bench.produce_to("t", "a");
    bench.idle();
    assert_eq!(bench.topics(), ["t"]);
    bench.describe_wanted();
    bench.deliver();
    assert_eq!(bench.settled(), ["a at 0"]);
    bench.produce_to("no such", "b");
    bench.pass(10_000 * MS);
    assert_eq!(bench.settled().len(), 1, "it failed");
    bench.idle();
    assert!(bench.topics().is_empty(), "nor is a topic that does not exist kept");
}

#[test]
fn a_topic_that_a_call_asks_about_is_not_forgotten() {
    let mut bench = Bench::forgetful(|_| {});
    bench.machine.locate(bench.now, "t", "partitions");
    bench.idle();
    assert_eq!(bench.topics(), ["t"]);
    bench.describe_wanted();
    assert_eq!(bench.settled(), ["partitions: Ok(())"]);
    assert_eq!(bench.machine.leaders("t"), [Some(1)]);
    bench.idle();
    assert!(bench.topics().is_empty());
}

/// The machine answers a call, and the caller uses the topic some time later.
#[test]
fn a_topic_that_a_call_has_asked_about_is_not_forgotten_at_once() {
    for before in 0..8 {
        let mut bench = Bench::forgetful(|_| {});
        bench.store("t");
        bench.look(before);
        bench.machine.locate(bench.now, "t", "partitions");
        bench.describe_wanted();
        assert_eq!(bench.settled(), ["partitions: Ok(())"]);
        bench.pass(IDLE / 4);
        assert_eq!(bench.machine.leaders("t"), [Some(1)], "{before} looks before");
        bench.idle();
        assert!(bench.topics().is_empty());
    }
}

#[test]
fn a_topic_that_a_whole_needs_is_not_forgotten_before_it_is_there() {
    for before in 0..8 {
        let mut bench = Bench::forgetful(|_| {});
        bench.store("t");
        bench.look(before);
        bench.machine.locate_for_records(bench.now, "t", Some(0), "whole");
        bench.describe_wanted();
        assert_eq!(bench.settled(), ["whole: Ok(())"]);
        bench.pass(IDLE / 4);
        let record = Record { timestamp: 7, key: None, value: Some(b"v"), headers: &[] };
        let records = [(Some(0), record)];
        let since = bench.now;
        let whole = bench.machine.produce_whole(bench.now, since, "t", &records, vec!["whole"]);
        assert!(matches!(whole, Whole::Accepted), "{before} looks before: {whole:?}");
    }
}

#[test]
fn a_topic_with_a_whole_that_waits_for_memory_is_not_forgotten() {
    let mut bench = Bench::forgetful(|config| config.buffer_memory = 1_000);
    bench.machine.locate(bench.now, "u", "partitions");
    bench.describe_wanted();
    bench.produce_to("t", "a");
    bench.pass(1_000 * MS);
    bench.describe_wanted();
    let sent = bench.request().unwrap();
    bench.machine.when_whole_fits("u", 990, "fits");
    bench.look(7);
    assert_eq!(bench.settled(), ["partitions: Ok(())"]);
    assert_eq!(bench.topics(), ["u", "t"]);
    bench.answer(&sent, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["a at 0", "fits: Ok(())"]);
    for _ in 0..4 {
        assert_eq!(bench.topics()[0], "u", "the caller has some time to hand its records over");
        bench.pass(IDLE / 4);
    }
    bench.idle();
    assert!(bench.topics().is_empty());
}

#[test]
fn a_topic_with_a_stopped_partition_is_not_forgotten() {
    let mut bench = Bench::forgetful(|config| config.gapless = true);
    bench.produce_to("t", "a");
    bench.describe_wanted();
    let sent = bench.request().unwrap();
    bench.answer(&sent, ErrorCode::INVALID_RECORD, -1);
    assert_eq!(bench.settled(), ["a failed: Broker, maybe written: false"]);
    bench.idle();
    assert_eq!(bench.topics(), ["t"]);
    bench.produce_to("t", "b");
    assert_eq!(bench.settled(), ["b failed: Gapless, maybe written: false"]);
}

#[test]
fn a_nameless_topic_is_not_found_at_a_forgotten_index() {
    let mut bench = Bench::forgetful(|_| {});
    bench.store("t");
    bench.idle();
    assert!(bench.topics().is_empty());
    assert_eq!(bench.store(""), [(1, 0)]);
    assert_eq!(bench.topics(), [""]);
    assert_eq!(bench.records().acknowledged, 2);
    bench.store("u");
    assert_eq!(bench.topics(), ["", "u"]);
}

#[test]
fn a_topic_that_comes_back_starts_a_fresh_epoch() {
    let mut bench = Bench::forgetful(|_| {});
    assert_eq!(bench.store("t"), [(0, 0)]);
    assert_eq!(bench.store("t"), [(0, 1)]);
    for epoch in 1..4 {
        bench.idle();
        assert!(bench.topics().is_empty());
        assert_eq!(bench.store("t"), [(epoch, 0)]);
        assert_eq!(bench.store("t"), [(epoch, 1)]);
    }
}

#[test]
fn a_topic_that_stays_continues_its_sequence_numbers() {
    let mut bench = Bench::forgetful(|_| {});
    bench.store("t");
    for sequence in 0..12 {
        assert_eq!(bench.store("stays"), [(0, sequence)]);
        bench.pass(IDLE / 4);
    }
    assert_eq!(bench.topics(), ["stays"]);
    assert_eq!(bench.store("t"), [(1, 0)]);
    assert_eq!(bench.store("stays"), [(0, 12)]);
}

#[test]
fn a_new_producer_id_follows_the_last_epoch() {
    let mut bench = Bench::forgetful(|_| {});
    bench.machine.handle_identity(bench.now, 9, i16::MAX);
    assert_eq!(bench.store("t"), [(i16::MAX, 0)]);
    bench.idle();
    assert!(!bench.machine.poll_identity(bench.now), "nobody needs one yet");
    bench.produce_to("t", "again");
    bench.describe_wanted();
    assert!(bench.request().is_none(), "the broker may have that number");
    assert!(bench.machine.poll_identity(bench.now));
    bench.machine.handle_identity(bench.now, 10, 0);
    let sent = bench.request().unwrap();
    let Identity { producer_id, epoch, base_sequence } = sent.batches[0].1;
    assert_eq!((producer_id, epoch, base_sequence), (10, 0, 0));
}

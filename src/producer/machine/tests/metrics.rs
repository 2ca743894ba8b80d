//! Metrics: each record is counted once, however it ends, and totals are sums.

use super::*;
use crate::config::{Codec, Partitioner};
use crate::producer::metrics::{Errors, Metrics, RecordMetrics, ThrottleTime};
use crate::producer::owned::OwnedRecord;
use crate::record::BATCH_OVERHEAD;

impl Bench {
    /// Returns the metrics after checking that they agree with each other.
    fn metrics(&self) -> Metrics {
        let metrics = self.machine.metrics();
        let mut sum = RecordMetrics {
            handed_over: metrics.refused,
            failed: metrics.refused,
            ..RecordMetrics::default()
        };
        for topic in &metrics.topics {
            sum += topic.records;
        }
        assert_eq!(metrics.records, sum, "totals are sums");
        assert_eq!(metrics.records.unsettled(), metrics.pending.records() as u64);
        assert_eq!(metrics.records.unsettled(), self.machine.unsettled() as u64);
        assert_eq!(metrics.acknowledgement.count, metrics.records.acknowledged);
        let brokers = || metrics.brokers.iter();
        let requests = &metrics.requests;
        assert_eq!(requests.sent, brokers().map(|broker| broker.requests.sent).sum::<u64>());
        assert_eq!(
            requests.in_flight,
            brokers().map(|broker| broker.requests.in_flight).sum::<usize>()
        );
        assert_eq!(
            requests.latency.count,
            brokers().map(|b| b.requests.latency.count).sum::<u64>()
        );
        metrics
    }

    fn hand_over(&mut self, topic: &str, who: &'static str, size: usize) -> Option<Ticket> {
        let value = vec![b'v'; size];
        let record = Record { timestamp: 7, key: None, value: Some(&value), headers: &[] };
        match self
            .machine
            .produce(self.now, topic, Some(0), &record, Some(who), Haste::Lingers)
            .unwrap()
        {
            Produced::Accepted { ticket, is_held, .. } => is_held.then_some(ticket),
            Produced::Full(waiter) => {
                let copy = OwnedRecord::copy(&record).unwrap();
                self.machine.wait(self.now, topic, Some(0), copy, waiter, Haste::Lingers).ok()
            }
        }
    }
}

/// Returns the numbers of records handed over, acknowledged, failed and cancelled.
fn ends(metrics: &Metrics) -> [u64; 4] {
    let RecordMetrics { handed_over, acknowledged, failed, unsent, .. } = metrics.records;
    [handed_over, acknowledged, failed, unsent]
}

#[test]
fn a_record_is_counted_wherever_it_is() {
    let mut bench = Bench::ready(&[1], |config| config.linger = Duration::ZERO);
    bench.produce("a", 0, false);
    bench.produce("b", 0, false);
    let metrics = bench.metrics();
    assert_eq!((metrics.pending.queued, metrics.pending.in_flight), (2, 0));
    assert_eq!(metrics.pending.memory_used, bench.machine.memory_used());
    let sent = bench.request().unwrap();
    bench.produce("c", 0, false);
    let metrics = bench.metrics();
    assert_eq!((metrics.pending.queued, metrics.pending.in_flight), (1, 2));
    assert_eq!(metrics.requests.in_flight, 1);
    bench.answer(&sent, ErrorCode::NONE, 0);
    let metrics = bench.metrics();
    assert_eq!(ends(&metrics), [3, 2, 0, 0]);
    assert_eq!((metrics.pending.queued, metrics.pending.in_flight), (1, 0));
    assert_eq!((metrics.requests.sent, metrics.requests.in_flight), (1, 0));
    let topic = &metrics.topics[0];
    assert_eq!((&*topic.name, topic.partitions, topic.queued, topic.in_flight), ("t", 1, 1, 0));
    let broker = &metrics.brokers[0];
    assert_eq!((broker.id, broker.connected, broker.requests.sent), (1, true, 1));
}

#[test]
fn bytes_are_those_before_and_after_compression() {
    let mut bench = Bench::ready(&[1], |config| config.linger = Duration::ZERO);
    for _ in 0..4 {
        bench.hand_over("t", "a", 1_000);
    }
    let open = bench.machine.memory_used();
    let Outgoing { id, parts, .. } = bench.machine.poll_request(bench.now).unwrap();
    assert_eq!(bench.metrics().batches.sent, 0, "it is not sealed, and so not sent");
    let Content::Open(builder) = parts.into_iter().next().unwrap().content else {
        panic!("it was not sent before")
    };
    let gzip = Compression::new(Codec::Gzip, None).unwrap();
    let batch = builder.seal(gzip, &mut Compressor::new());
    bench.machine.handle_sealed(bench.now, id, vec![batch.clone()]);
    bench.machine.handle_sealed(bench.now, id, vec![batch.clone()]);
    let sent = TestRequest { id, node: 1, batches: vec![(0, Identity::NONE, batch.clone())] };
    bench.answer(&sent, ErrorCode::NOT_LEADER_OR_FOLLOWER, -1);
    bench.pass(Duration::from_secs(1));
    let sent = bench.request().unwrap();
    bench.answer(&sent, ErrorCode::NONE, 0);
    let metrics = bench.metrics();
    assert_eq!(metrics.records.acknowledged_bytes as usize, open - BATCH_OVERHEAD);
    let batches = metrics.batches;
    assert_eq!((batches.sent, batches.retries, batches.acknowledged), (1, 1, 1));
    assert_eq!(batches.sent_bytes as usize, 2 * batch.size(), "retries are sent, too");
    let is = |told: Option<f64>, of: usize, to: usize| {
        let exact = f64::from(of as u32) / f64::from(to as u32);
        assert!((told.unwrap() - exact).abs() < 1e-9, "{told:?} in place of {exact}");
    };
    is(batches.mean_records, 4, 1);
    is(batches.mean_bytes, open, 1);
    is(batches.fill, open, 65_536);
    is(batches.compression_ratio, open, batch.size());
}

#[test]
fn errors_and_lost_requests_are_counted_with_their_broker() {
    let mut bench = Bench::ready(&[1, 2], |config| config.linger = Duration::ZERO);
    bench.produce("a", 0, false);
    bench.produce("b", 1, false);
    let (one, other) = (bench.request().unwrap(), bench.request().unwrap());
    bench.answer(&one, ErrorCode::NOT_ENOUGH_REPLICAS, -1);
    bench.answer(&one, ErrorCode::NOT_ENOUGH_REPLICAS, -1);
    let ended = Error::new(ErrorKind::Disconnected, "the connection has ended");
    bench.machine.handle_lost(bench.now, other.id, &ended);
    bench.machine.handle_disconnected(bench.now, 2);
    bench.machine.handle_connect_failed(bench.now, 2, ended);
    bench.pass(Duration::from_secs(1));
    let again = bench.request().unwrap();
    bench.machine.handle_produced(bench.now, again.id, &ProduceResponse::default());
    let metrics = bench.metrics();
    let errors = [("NETWORK_EXCEPTION", 1), ("NOT_ENOUGH_REPLICAS", 1)];
    assert_eq!(metrics.errors, Errors::from(errors));
    assert_eq!((metrics.connect_failures, metrics.disconnects), (1, 1));
    assert_eq!((metrics.requests.sent, metrics.requests.lost), (3, 1));
    let [one, other] = &metrics.brokers[..] else { panic!("there are two") };
    assert_eq!((&one.errors, one.requests.sent, one.disconnects), (&metrics.errors, 2, 0));
    assert_eq!((&other.errors, other.requests.lost, other.connected), (&Errors::new(), 1, false));
    assert_eq!(ends(&metrics), [2, 0, 0, 0], "both are sent again");
}

#[test]
fn latencies_are_of_requests_and_of_records() {
    let mut bench = Bench::ready(&[1], |config| config.linger = 50 * MS);
    bench.produce("a", 0, false);
    bench.pass(20 * MS);
    bench.produce("b", 0, false);
    bench.pass(30 * MS);
    let sent = bench.request().unwrap();
    bench.pass(8 * MS);
    bench.answer(&sent, ErrorCode::NONE, 0);
    let Metrics { requests, acknowledgement, .. } = bench.metrics();
    assert_eq!((requests.latency.count, requests.latency.max), (1, 8 * MS));
    assert_eq!((acknowledgement.count, acknowledgement.max), (2, 58 * MS));
    assert_eq!(acknowledgement.mean, 58 * MS, "as long as the first of the batch");
}

#[test]
fn throttle_times_are_counted_as_they_are_kept() {
    let mut bench = Bench::ready(&[1, 2], |config| config.linger = Duration::ZERO);
    let mut throttle = |partition, throttle_time_ms| {
        bench.produce("a", partition, false);
        let sent = bench.request().unwrap();
        let response = ProduceResponse { throttle_time_ms, ..answer_to(&sent, ErrorCode::NONE, 0) };
        bench.machine.handle_produced(bench.now, sent.id, &response);
        bench.pass(LONGEST_SILENCE);
        bench.metrics()
    };
    throttle(0, 0);
    throttle(0, -1);
    assert_eq!(throttle(1, 0).requests.throttle_time, ThrottleTime::default());
    throttle(0, 30);
    throttle(1, 500);
    let metrics = throttle(0, 20);
    let time = |count, total, max| ThrottleTime { count, total: total * MS, max: max * MS };
    assert_eq!(metrics.requests.throttle_time, time(3, 550, 500));
    let of = |broker: usize| metrics.brokers[broker].requests.throttle_time;
    assert_eq!((of(0), of(1)), (time(2, 50, 30), time(1, 500, 500)));
    let longest = throttle(0, i32::MAX).requests.throttle_time;
    assert_eq!(longest.max, LONGEST_SILENCE, "no longer than it is kept");
}

#[test]
fn request_latency_starts_when_it_is_sealed() {
    let mut bench = Bench::ready(&[1], |config| config.linger = Duration::ZERO);
    bench.produce("a", 0, false);
    let Outgoing { id, parts, .. } = bench.machine.poll_request(bench.now).unwrap();
    let Content::Open(builder) = parts.into_iter().next().unwrap().content else {
        panic!("it was not sent before")
    };
    bench.pass(100 * MS);
    let batch = builder.seal(Compression::NONE, &mut Compressor::new());
    bench.machine.handle_sealed(bench.now, id, vec![batch.clone()]);
    bench.pass(8 * MS);
    let sent = TestRequest { id, node: 1, batches: vec![(0, Identity::NONE, batch)] };
    bench.answer(&sent, ErrorCode::NONE, 0);
    let metrics = bench.metrics();
    assert_eq!(metrics.requests.latency.max, 8 * MS);
    assert_eq!(metrics.acknowledgement.max, 108 * MS);
}

#[test]
fn the_wait_for_memory_counts() {
    let mut bench = Bench::ready(&[1], |config| {
        config.buffer_memory = 1_500;
        config.linger = Duration::ZERO;
    });
    bench.hand_over("t", "a", 1_000);
    bench.hand_over("t", "b", 1_000);
    assert_eq!(bench.metrics().pending.waiting_for_memory, 1);
    let sent = bench.request().unwrap();
    bench.pass(100 * MS);
    bench.answer(&sent, ErrorCode::NONE, 0);
    bench.pass(MS);
    let sent = bench.request().unwrap();
    bench.answer(&sent, ErrorCode::NONE, 1);
    let metrics = bench.metrics();
    assert_eq!(ends(&metrics), [2, 2, 0, 0]);
    assert_eq!(metrics.acknowledgement.max, 101 * MS);
}

#[test]
fn a_batch_that_was_given_up_stays_failed() {
    let mut bench = Bench::ready(&[1], |config| config.linger = Duration::ZERO);
    bench.produce("a", 0, false);
    let sent = bench.request().unwrap();
    bench.pass(Duration::from_secs(120));
    let metrics = bench.metrics();
    assert_eq!(ends(&metrics), [1, 0, 1, 0]);
    assert_eq!((metrics.pending.in_flight, metrics.requests.in_flight), (0, 1));
    assert!(metrics.pending.memory_used > 0, "it is held until the answer is there");
    bench.answer(&sent, ErrorCode::NONE, 0);
    let metrics = bench.metrics();
    assert_eq!(ends(&metrics), [1, 0, 1, 0]);
    assert_eq!((metrics.batches.acknowledged, metrics.records.acknowledged_bytes), (0, 0));
    assert_eq!((metrics.pending.memory_used, metrics.requests.in_flight), (0, 0));
}

#[test]
fn the_parts_of_a_batch_are_no_new_records() {
    let mut bench = Bench::ready(&[1], |config| config.linger = Duration::ZERO);
    for _ in 0..4 {
        bench.hand_over("t", "a", 1_000);
    }
    let sent = bench.request().unwrap();
    bench.answer(&sent, ErrorCode::MESSAGE_TOO_LARGE, -1);
    let metrics = bench.metrics();
    assert_eq!((metrics.batches.splits, metrics.pending.queued), (1, 4));
    let mut parts = 0;
    while let Some(sent) = bench.request() {
        bench.answer(&sent, ErrorCode::NONE, 0);
        parts += 1;
    }
    let metrics = bench.metrics();
    assert_eq!(ends(&metrics), [4, 4, 0, 0]);
    let batches = metrics.batches;
    assert_eq!((batches.sent, batches.acknowledged, batches.retries), (1 + parts, parts, 0));
}

#[test]
fn records_in_no_batch_are_counted() {
    let mut bench = Bench::new(|_| {});
    let ticket = bench.hand_over("t", "a", 10).unwrap();
    bench.hand_over("t", "b", 10).unwrap();
    assert_eq!(bench.metrics().pending.waiting_for_topic, 2);
    bench.machine.cancel(bench.now, ticket);
    bench.machine.cancel(bench.now, ticket);
    assert_eq!(ends(&bench.metrics()), [2, 0, 0, 1]);
    bench.pass(Duration::from_secs(10));
    assert_eq!(ends(&bench.metrics()), [2, 0, 1, 1], "its topic stayed unknown");
}

#[test]
fn refused_records_are_counted_once() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("no such partition", -1, false);
    bench.hand_over("t", "too large", 2_000_000);
    assert_eq!(bench.metrics().topics[0].records.failed, 2);
    bench.hand_over("u", "too large", 2_000_000);
    bench.hand_over(&"t".repeat(LONGEST_TOPIC + 1), "no name", 10);
    let metrics = bench.metrics();
    assert_eq!((metrics.refused, metrics.topics.len()), (2, 1), "it knows no other topic");
    assert_eq!(ends(&metrics), [4, 0, 4, 0]);
    bench.machine.close(bench.now, bench.now, None);
    assert!(bench.machine.check_open().is_err());
    assert_eq!(ends(&bench.metrics()), [4, 0, 4, 0], "what is not taken in is not counted");
}

#[test]
fn records_that_wait_for_their_caller_are_counted() {
    let mut bench = Bench::ready(&[1], |config| config.partitioner = Partitioner::Caller);
    let record = Record { timestamp: 7, key: None, value: Some(b"v"), headers: &[] };
    bench.machine.produce(bench.now, "t", None, &record, Some("a"), Haste::Lingers).unwrap();
    bench.produce("b", 0, false);
    assert_eq!(bench.metrics().pending.waiting_for_placing, 2);
    let ticket = bench.machine.poll_placing().unwrap().ticket;
    bench.machine.place(bench.now, ticket, Err("no".to_owned()));
    let metrics = bench.metrics();
    assert_eq!((metrics.pending.waiting_for_placing, metrics.pending.queued), (0, 1));
    assert_eq!(ends(&metrics), [2, 0, 1, 0]);
}

#[test]
fn a_finished_machine_holds_no_records() {
    let mut bench = Bench::ready(&[1], |config| {
        config.buffer_memory = 2_500;
        config.linger = Duration::ZERO;
    });
    bench.hand_over("t", "sent", 1_000);
    let sent = bench.request().unwrap();
    bench.hand_over("t", "queued", 1_000);
    bench.hand_over("t", "waits", 1_000);
    bench.machine.close(bench.now, bench.now, None);
    bench.pass(MS);
    assert!(bench.machine.is_finished());
    bench.answer(&sent, ErrorCode::NONE, 0);
    let metrics = bench.metrics();
    assert_eq!(ends(&metrics), [3, 0, 3, 0]);
    assert_eq!((metrics.pending.records(), metrics.pending.memory_used), (0, 0));
    assert_eq!((metrics.requests.in_flight, metrics.brokers[0].connected), (0, false));
}

#[test]
fn purged_and_stopped_records_count_as_failed() {
    let mut bench = Bench::ready(&[1, 1], |config| {
        config.gapless = true;
        config.linger = Duration::ZERO;
    });
    bench.produce("a", 0, false);
    let sent = bench.request().unwrap();
    bench.produce("b", 0, false);
    bench.answer(&sent, ErrorCode::INVALID_RECORD, -1);
    bench.produce("c", 0, false);
    assert_eq!(ends(&bench.metrics()), [3, 0, 3, 0], "the partition has stopped");
    bench.produce("d", 1, false);
    let sent = bench.request().unwrap();
    bench.produce("e", 1, false);
    bench.machine.purge(bench.now, Purge::ALL);
    bench.answer(&sent, ErrorCode::NONE, 0);
    assert_eq!(ends(&bench.metrics()), [5, 0, 5, 0]);
}

#[test]
fn without_acks_records_are_acknowledged_when_written() {
    let mut bench = Bench::ready(&[1], |config| {
        config.acks = Acks::None;
        config.idempotence = false;
        config.linger = Duration::ZERO;
    });
    bench.produce("a", 0, false);
    let sent = bench.request().unwrap();
    bench.machine.handle_written(bench.now, sent.id);
    let metrics = bench.metrics();
    assert_eq!(ends(&metrics), [1, 1, 0, 0]);
    assert_eq!((metrics.requests.sent, metrics.requests.latency.count), (1, 0));
}

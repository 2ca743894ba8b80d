//! Connections that are refused: the password is wrong, the certificate is not trusted.

use super::*;

fn wrong_password() -> Error {
    Error::new(ErrorKind::Authentication, "broker:9092 (SASL: the password is wrong)")
        .code(ErrorCode::SASL_AUTHENTICATION_FAILED)
}

impl Bench {
    /// The cluster is asked, and refuses the client.
    fn refused(&mut self) {
        self.machine.poll_metadata(self.now).expect("it asks");
        self.machine.handle_metadata_failed(self.now, wrong_password());
    }
}

#[test]
fn a_refusal_before_the_first_success_fails_waiting_records_at_once() {
    let mut bench = Bench::new(|_| {});
    bench.produce("a", 0, false);
    bench.produce("b", 1, false);
    bench.machine.ping(bench.now, Some(Duration::from_secs(60)), "ping");
    bench.machine.flush(bench.now, "flush");
    bench.refused();
    let settled = bench.settled();
    assert_eq!(settled[0], "a failed: Authentication, maybe written: false");
    assert_eq!(settled[1], "b failed: Authentication, maybe written: false");
    assert!(settled[2].starts_with("ping: Err("), "{settled:?}");
    assert_eq!(settled[3..], ["flush: Ok(())"]);
    assert!(bench.machine.is_idle());
    assert_eq!(bench.machine.memory_used(), 0);
}

#[test]
fn records_after_a_refusal_are_tried_after_a_pause() {
    let mut bench = Bench::new(|_| {});
    bench.produce("a", 0, false);
    bench.refused();
    bench.settled();
    assert_eq!(bench.machine.poll_metadata(bench.now + 60_000 * MS), None, "nothing waits");
    bench.produce("b", 0, false);
    assert_eq!(bench.machine.poll_metadata(bench.now), None, "users may be locked out");
    bench.pass(1_200 * MS);
    bench.describe(&[1]);
    bench.machine.handle_connected(1);
    bench.identify();
    assert_eq!(bench.settled(), [""; 0]);
    bench.pass(10 * MS);
    let request = bench.request().expect("the record is sent");
    bench.answer(&request, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["b at 0"]);
}

#[test]
fn pauses_after_refusals_grow_to_ten_seconds() {
    let mut bench = Bench::new(|_| {});
    let mut longest = Duration::ZERO;
    for _ in 0..10 {
        bench.produce("a", 0, false);
        let mut waited = Duration::ZERO;
        while bench.machine.poll_metadata(bench.now).is_none() {
            bench.pass(100 * MS);
            waited += 100 * MS;
        }
        bench.machine.handle_metadata_failed(bench.now, wrong_password());
        longest = longest.max(waited);
    }
    assert!((8_000 * MS..=10_000 * MS).contains(&longest), "{longest:?}");
}

#[test]
fn a_refusal_after_the_first_success_is_retried() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.pass(300_000 * MS);
    bench.produce("a", 0, false);
    bench.refused();
    assert_eq!(bench.settled(), [""; 0]);
    bench.pass(10 * MS);
    let request = bench.request().expect("the broker that leads is connected");
    bench.answer(&request, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["a at 0"]);
}

#[test]
fn a_topic_that_refusals_keep_unknown_fails_with_the_refusal() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.pass(1_000 * MS);
    let record = Record { timestamp: 7, key: None, value: Some(b"v"), headers: &[] };
    let produced =
        bench.machine.produce(bench.now, "other", None, &record, Some("a"), Haste::Lingers);
    produced.expect("it is open");
    bench.refused();
    bench.pass(20_000 * MS);
    assert_eq!(bench.settled(), ["a failed: Authentication, maybe written: false"]);
}

#[test]
fn the_first_broker_that_refuses_fails_only_its_own_records() {
    let mut bench = Bench::new(|_| {});
    bench.produce("a", 0, false);
    bench.produce("b", 1, false);
    bench.describe(&[1, 2]);
    bench.identify();
    bench.machine.handle_connect_failed(bench.now, 2, wrong_password());
    assert_eq!(bench.settled(), ["b failed: Authentication, maybe written: false"]);
    bench.machine.handle_connected(1);
    bench.pass(10 * MS);
    let request = bench.request().expect("the other broker takes its record");
    bench.answer(&request, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["a at 0"]);
}

#[test]
fn a_broker_that_refuses_after_others_were_connected_is_tried_again() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, false);
    bench.machine.handle_disconnected(bench.now, 1);
    bench.machine.handle_connect_failed(bench.now, 1, wrong_password());
    assert_eq!(bench.settled(), [""; 0]);
    bench.pass(2_000 * MS);
    assert_eq!(bench.machine.poll_connect(), Some(1));
    bench.machine.handle_connected(1);
    let request = bench.request().expect("it is sent");
    bench.answer(&request, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["a at 0"]);
}

#[test]
fn a_gapless_partition_stops_at_a_refused_record() {
    let mut bench = Bench::new(|config| config.gapless = true);
    bench.produce("a", 0, false);
    bench.describe(&[1]);
    bench.machine.handle_connect_failed(bench.now, 1, wrong_password());
    assert_eq!(bench.settled(), ["a failed: Authentication, maybe written: false"]);
    bench.produce("b", 0, false);
    assert_eq!(bench.settled(), ["b failed: Gapless, maybe written: false"]);
}

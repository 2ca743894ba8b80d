//! Batches that are not stored at the first try: refused, lost, or expired.

use super::*;

#[test]
fn a_refused_batch_goes_again_with_the_same_bytes_before_its_successors() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, true);
    let first = bench.request().unwrap();
    bench.produce("b", 0, true);
    bench.answer(&first, ErrorCode::NOT_ENOUGH_REPLICAS, -1);
    assert!(bench.request().is_none(), "it pauses, and nothing overtakes it");
    bench.pass(200 * MS);
    let again = bench.request().unwrap();
    assert_eq!(again.batches[0].1, first.batches[0].1, "the identity is kept");
    assert_eq!(again.batches[0].2.body(), first.batches[0].2.body());
    bench.answer(&again, ErrorCode::NONE, 3);
    let next = bench.request().unwrap();
    bench.answer(&next, ErrorCode::NONE, 4);
    assert_eq!(bench.settled(), ["a at 3", "b at 4"]);
}

#[test]
fn a_leader_that_moved_is_asked_for_and_followed() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, true);
    let request = bench.request().unwrap();
    bench.answer(&request, ErrorCode::NOT_LEADER_OR_FOLLOWER, -1);
    bench.pass(200 * MS);
    bench.describe(&[2]);
    assert_eq!(bench.machine.poll_connect(), Some(2));
    assert!(bench.request().is_none(), "the new leader is not connected yet");
    bench.machine.handle_connected(2);
    assert_eq!(bench.request().unwrap().node, 2);
}

#[test]
fn batches_queued_for_a_dead_leader_go_to_the_next() {
    let mut bench = Bench::ready(&[1, 2], |_| {});
    bench.produce("a", 0, true);
    bench.machine.handle_disconnected(bench.now, 1);
    bench.produce("b", 0, true);
    bench.pass(200 * MS);
    bench.describe(&[2, 2]);
    let sent = bench.request().expect("the new leader is connected");
    assert_eq!(sent.node, 2);
    bench.answer(&sent, ErrorCode::NONE, 0);
    let settled = bench.settled();
    assert_eq!(settled.first().map(String::as_str), Some("a at 0"));
}

#[test]
fn an_unneeded_broker_is_not_reconnected() {
    let mut bench = Bench::ready(&[1, 2], |_| {});
    bench.machine.handle_disconnected(bench.now, 1);
    bench.produce("a", 0, true);
    assert_eq!(bench.machine.poll_connect(), Some(1));
    let refused = Error::new(ErrorKind::Unreachable, "b:1 (TCP: Connection refused)");
    bench.machine.handle_connect_failed(bench.now, 1, refused.clone());
    // The pause is not over yet when the new leader is known.
    bench.machine.nodes.connect_failed(bench.now, 1, refused, |_| Duration::from_secs(5));
    bench.pass(200 * MS);
    bench.describe(&[2, 2]);
    bench.pass(Duration::from_secs(10));
    assert_eq!(bench.machine.poll_connect(), None);
}

#[test]
fn a_lost_request_is_retried() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, true);
    let request = bench.request().unwrap();
    let reason = Error::new(ErrorKind::Disconnected, "it ended").maybe_written(true);
    bench.machine.handle_lost(bench.now, request.id, &reason);
    bench.machine.handle_disconnected(bench.now, 1);
    bench.pass(200 * MS);
    assert_eq!(bench.machine.poll_connect(), Some(1));
    bench.machine.handle_connected(1);
    let again = bench.request().unwrap();
    bench.answer(&again, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["a at 0"]);
}

#[test]
fn an_unsent_record_is_known_not_to_be_written() {
    for (maybe_written, told) in [(false, "maybe written: false"), (true, "maybe written: true")] {
        let mut bench = Bench::ready(&[1], |_| {});
        bench.produce("a", 0, true);
        let request = bench.request().unwrap();
        let reason = Error::new(ErrorKind::Disconnected, "it ended").maybe_written(maybe_written);
        bench.machine.handle_lost(bench.now, request.id, &reason);
        bench.machine.handle_disconnected(bench.now, 1);
        bench.pass(Duration::from_secs(120));
        assert_eq!(bench.settled(), [format!("a failed: DeliveryTimeout, {told}")]);
    }
}

#[test]
fn permanent_errors_fail_at_once() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, true);
    let request = bench.request().unwrap();
    let reason = Error::new(ErrorKind::UnsupportedVersion, "this broker knows no zstd")
        .code(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE);
    bench.machine.handle_lost(bench.now, request.id, &reason);
    assert_eq!(bench.settled(), ["a failed: Broker, maybe written: false"]);
}

#[test]
fn a_closed_idle_connection_has_no_effect() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.machine.handle_disconnected(bench.now, 1);
    assert_eq!(bench.machine.poll_metadata(bench.now), None);
    assert_eq!(bench.machine.poll_connect(), None);
    bench.produce("a", 0, true);
    assert_eq!(bench.machine.poll_connect(), Some(1));
}

#[test]
fn a_broker_that_cannot_be_connected_is_tried_again_after_a_pause() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.machine.handle_disconnected(bench.now, 1);
    bench.produce("a", 0, true);
    assert_eq!(bench.machine.poll_connect(), Some(1));
    let refused = || Error::new(ErrorKind::Unreachable, "b:1 (TCP: Connection refused)");
    bench.machine.handle_connect_failed(bench.now, 1, refused());
    bench.pass(MS);
    assert_eq!(bench.machine.poll_connect(), None);
    bench.pass(200 * MS);
    assert_eq!(bench.machine.poll_connect(), Some(1));
}

#[test]
fn a_permanent_refusal_fails_only_its_batch() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, true);
    let first = bench.request().unwrap();
    bench.produce("b", 0, true);
    bench.answer(&first, ErrorCode::MESSAGE_TOO_LARGE, -1);
    let next = bench.request().unwrap();
    bench.answer(&next, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["a failed: Broker, maybe written: false", "b at 0"]);
}

#[test]
fn an_unsent_record_expires() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.machine.handle_disconnected(bench.now, 1);
    bench.produce("a", 0, true);
    bench.pass(Duration::from_secs(120));
    assert_eq!(bench.settled(), ["a failed: DeliveryTimeout, maybe written: false"]);
}

#[test]
fn a_record_in_flight_expires_and_nothing_overtakes_it() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, true);
    let request = bench.request().unwrap();
    bench.pass(Duration::from_secs(60));
    bench.produce("b", 0, true);
    bench.pass(Duration::from_secs(60));
    assert_eq!(bench.settled(), ["a failed: DeliveryTimeout, maybe written: true"]);
    assert!(bench.request().is_none());
    bench.answer(&request, ErrorCode::NONE, 8);
    let next = bench.request().unwrap();
    bench.answer(&next, ErrorCode::NONE, 9);
    assert_eq!(bench.settled(), ["b at 9"]);
}

#[test]
fn a_record_expires_after_a_try_with_an_unknown_outcome() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, true);
    let request = bench.request().unwrap();
    bench.answer(&request, ErrorCode::REQUEST_TIMED_OUT, -1);
    bench.pass(Duration::from_secs(120));
    assert_eq!(bench.settled(), ["a failed: DeliveryTimeout, maybe written: true"]);
}

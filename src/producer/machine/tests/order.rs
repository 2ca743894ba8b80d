//! The waiters of a partition complete in the order of its records.

use super::*;

/// Produces "a" alone, so that the leader is known to take more than one batch.
fn warm() -> Bench {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, true);
    let first = bench.request().unwrap();
    bench.answer(&first, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["a at 0"]);
    bench
}

/// Sends a record in a separate batch.
fn sent(bench: &mut Bench, who: &'static str) -> TestRequest {
    bench.produce(who, 0, false);
    bench.machine.close_batches(bench.now);
    bench.request().expect("there is room for another request")
}

#[test]
fn a_batch_acknowledged_early_completes_after_older_batches() {
    let mut bench = warm();
    let (b, c, d) = (sent(&mut bench, "b"), sent(&mut bench, "c"), sent(&mut bench, "d"));
    bench.answer(&b, ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND, -1);
    bench.answer(&d, ErrorCode::NONE, 3);
    bench.answer(&c, ErrorCode::NONE, 2);
    assert!(bench.settled().is_empty(), "b has not ended");
    assert!(!bench.machine.is_idle());
    assert_eq!(bench.machine.unsettled_before(Ticket::MAX), 3);
    assert_eq!(bench.machine.metrics().pending.records(), 3);
    bench.pass(200 * MS);
    let again = bench.request().unwrap();
    bench.answer(&again, ErrorCode::NONE, 1);
    assert_eq!(bench.settled(), ["b at 1", "c at 2", "d at 3"]);
    assert!(bench.machine.is_idle());
}

#[test]
fn a_batch_that_fails_early_completes_after_older_batches() {
    let mut bench = warm();
    let (b, c) = (sent(&mut bench, "b"), sent(&mut bench, "c"));
    bench.answer(&c, ErrorCode::INVALID_RECORD, -1);
    assert!(bench.settled().is_empty());
    bench.answer(&b, ErrorCode::NONE, 1);
    assert_eq!(bench.settled(), ["b at 1", "c failed: Broker, maybe written: false"]);
}

#[test]
fn waiters_held_behind_an_expired_batch_complete_next() {
    let mut bench = warm();
    let (_b, c) = (sent(&mut bench, "b"), sent(&mut bench, "c"));
    bench.answer(&c, ErrorCode::NONE, 2);
    bench.pass(120_000 * MS);
    assert_eq!(bench.settled(), ["b failed: DeliveryTimeout, maybe written: true", "c at 2"]);
}

#[test]
fn a_purge_completes_waiters_in_order() {
    let mut bench = Bench::ready(&[1], |config| config.buffer_memory = 200);
    bench.produce("a", 0, true);
    let _in_flight = bench.request().unwrap();
    bench.produce("b", 0, false);
    let record = OwnedRecord { value: Some(vec![0; 100]), ..OwnedRecord::default() };
    let waits = bench.machine.wait(bench.now, "t", Some(0), record, Some("c"), Haste::Lingers);
    waits.expect("it is open");
    bench.machine.purge(bench.now, Purge::ALL);
    assert_eq!(
        bench.settled(),
        [
            "a failed: Purged, maybe written: true",
            "b failed: Purged, maybe written: false",
            "c failed: Purged, maybe written: false",
        ]
    );
}

//! Memory: how it is counted, which records wait for it, and in which order.

use super::*;
use crate::producer::owned::OwnedRecord;

const RECORD: usize = 1_000;

/// Returns a bench with memory for two records, and a connected broker.
fn small() -> Bench {
    Bench::ready(&[1], |config| {
        config.buffer_memory = 2 * RECORD + 500;
        config.linger = Duration::ZERO;
    })
}

fn hand_over(bench: &mut Bench, who: &'static str) -> Option<Ticket> {
    let value = vec![0; RECORD];
    let record = Record { timestamp: 7, key: None, value: Some(&value), headers: &[] };
    let produced =
        bench.machine.produce(bench.now, "t", Some(0), &record, Some(who), Haste::Lingers);
    match produced.expect("it is open") {
        Produced::Accepted { .. } => None,
        Produced::Full(waiter) => {
            let copy = OwnedRecord::copy(&record).unwrap();
            let ticket = bench.machine.wait(bench.now, "t", Some(0), copy, waiter, Haste::Lingers);
            Some(ticket.expect("any number may wait"))
        }
    }
}

#[test]
fn memory_is_charged_until_acknowledgement() {
    let mut bench = small();
    assert!(hand_over(&mut bench, "a").is_none());
    let sent = bench.request().unwrap();
    assert!(bench.machine.memory_used() >= RECORD, "in flight is not acknowledged");
    bench.answer(&sent, ErrorCode::NONE, 0);
    assert_eq!(bench.machine.memory_used(), 0);
}

#[test]
fn no_record_overtakes_the_memory_queue() {
    let mut bench = small();
    let waits: Vec<bool> =
        ["a", "b", "c", "d"].into_iter().map(|who| hand_over(&mut bench, who).is_some()).collect();
    assert_eq!(waits, [false, false, true, true]);
    bench.produce_small_must_wait();
    let mut order = Vec::new();
    for offset in [0, 2, 4, 6] {
        bench.pass(MS);
        let Some(sent) = bench.request() else { break };
        bench.answer(&sent, ErrorCode::NONE, offset);
        order.extend(
            bench.settled().into_iter().map(|line| line.split(' ').next().unwrap().to_owned()),
        );
    }
    assert_eq!(order, ["a", "b", "c", "d", "small"]);
    assert_eq!((bench.machine.memory_used(), bench.machine.waiting_for_memory()), (0, 0));
}

impl Bench {
    /// There would be room for this record, but others were first.
    fn produce_small_must_wait(&mut self) {
        let record = Record { timestamp: 7, key: None, value: Some(b"s"), headers: &[] };
        let produced = self
            .machine
            .produce(self.now, "t", Some(0), &record, Some("small"), Haste::Lingers)
            .unwrap();
        let Produced::Full(waiter) = produced else { panic!("it overtakes") };
        let copy = OwnedRecord::copy(&record).unwrap();
        self.machine.wait(self.now, "t", Some(0), copy, waiter, Haste::Lingers).unwrap();
    }
}

#[test]
fn a_queued_record_can_be_withdrawn() {
    let mut bench = small();
    let tickets: Vec<_> =
        ["a", "b", "c", "d"].into_iter().map(|who| hand_over(&mut bench, who)).collect();
    assert!(bench.machine.cancel(bench.now, tickets[2].unwrap()).is_some());
    assert!(bench.machine.cancel(bench.now, tickets[2].unwrap()).is_none(), "only once");
    while let Some(sent) = bench.request() {
        bench.answer(&sent, ErrorCode::NONE, 0);
        bench.pass(MS);
    }
    let settled = bench.settled().join(", ");
    assert!(!settled.contains("c at") && settled.contains("d at"), "{settled}");
    assert!(bench.machine.is_idle());
}

#[test]
fn a_record_of_an_unknown_topic_can_be_withdrawn() {
    let mut bench = Bench::new(|_| {});
    let record = Record { timestamp: 7, key: None, value: Some(b"v"), headers: &[] };
    let produced =
        bench.machine.produce(bench.now, "t", None, &record, Some("a"), Haste::Lingers).unwrap();
    let Produced::Accepted { ticket, .. } = produced else { panic!("there is memory") };
    assert!(bench.machine.cancel(bench.now, ticket).is_some());
    assert!(bench.machine.is_idle());
    assert_eq!(bench.machine.memory_used(), 0);
}

#[test]
fn the_ticket_of_a_refused_record_withdraws_no_other() {
    let mut bench = Bench::new(|_| {});
    let record = Record { timestamp: 7, key: None, value: Some(b"v"), headers: &[] };
    let mut hand_over = |topic: &str, who| {
        let produced =
            bench.machine.produce(bench.now, topic, None, &record, Some(who), Haste::Lingers);
        match produced.unwrap() {
            Produced::Accepted { ticket, .. } => ticket,
            Produced::Full(_) => panic!("there is memory"),
        }
    };
    let refused = hand_over(&"t".repeat(LONGEST_TOPIC + 1), "a");
    hand_over("t", "b");
    assert!(bench.machine.cancel(bench.now, refused).is_none());
}

#[test]
fn records_in_the_memory_queue_expire() {
    let mut bench = small();
    bench.machine.handle_disconnected(bench.now, 1);
    for who in ["a", "b", "c"] {
        hand_over(&mut bench, who);
    }
    bench.pass(Duration::from_secs(120));
    let settled = bench.settled();
    assert_eq!(settled.len(), 3);
    assert!(settled.iter().all(|line| line.contains("failed: DeliveryTimeout")), "{settled:?}");
    assert_eq!(bench.machine.memory_used(), 0);
}

#[test]
fn the_memory_queue_has_a_maximum_length() {
    let mut bench = Bench::ready(&[1], |config| {
        config.buffer_memory = RECORD + 500;
        config.max_waiting = 1;
    });
    assert!(hand_over(&mut bench, "a").is_none());
    assert!(hand_over(&mut bench, "b").is_some());
    let copy = OwnedRecord::default();
    let refused = bench.machine.wait(bench.now, "t", Some(0), copy, Some("c"), Haste::Lingers);
    let (error, waiter) = refused.unwrap_err();
    assert_eq!((error.kind(), waiter), (ErrorKind::BufferFull, Some("c")));
}

#[test]
fn a_record_larger_than_the_memory_is_refused() {
    let mut bench = Bench::ready(&[1], |config| config.buffer_memory = 500);
    assert!(hand_over(&mut bench, "a").is_none());
    assert_eq!(bench.settled(), ["a failed: InvalidRecord, maybe written: false"]);
}

#[test]
fn a_purge_fails_every_record_and_drops_those_not_in_flight() {
    let mut bench = small();
    hand_over(&mut bench, "sent");
    let sent = bench.request().unwrap();
    hand_over(&mut bench, "queued");
    hand_over(&mut bench, "waiting");
    bench.machine.purge(bench.now, Purge::ALL);
    let mut settled = bench.settled();
    settled.sort();
    assert_eq!(
        settled,
        [
            "queued failed: Purged, maybe written: false",
            "sent failed: Purged, maybe written: true",
            "waiting failed: Purged, maybe written: false",
        ]
    );
    bench.answer(&sent, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), Vec::<String>::new());
    assert_eq!(bench.machine.memory_used(), 0);
    bench.produce("later", 0, true);
    let later = bench.request().unwrap();
    assert_eq!(later.batches[0].1.base_sequence, 1, "the numbers go on: the answer came");
}

#[test]
fn a_purge_of_the_queue_keeps_records_in_flight() {
    let mut bench = small();
    hand_over(&mut bench, "sent");
    let sent = bench.request().unwrap();
    hand_over(&mut bench, "queued");
    hand_over(&mut bench, "waiting");
    bench.machine.purge(bench.now, Purge { in_queue: true, in_flight: false });
    assert!(bench.settled().is_empty(), "the record before them has not ended");
    bench.answer(&sent, ErrorCode::NONE, 7);
    assert_eq!(
        bench.settled(),
        [
            "sent at 7",
            "queued failed: Purged, maybe written: false",
            "waiting failed: Purged, maybe written: false",
        ]
    );
    assert_eq!(bench.machine.memory_used(), 0);
    assert!(bench.machine.is_idle());
}

#[test]
fn a_purge_of_records_in_flight_keeps_the_queue() {
    let mut bench = small();
    hand_over(&mut bench, "sent");
    let sent = bench.request().unwrap();
    hand_over(&mut bench, "queued");
    hand_over(&mut bench, "waiting");
    let flushed = bench.machine.flush(bench.now, "flush");
    bench.machine.purge(bench.now, Purge { in_queue: false, in_flight: true });
    assert_eq!(bench.settled(), ["sent failed: Purged, maybe written: true"]);
    assert_eq!(bench.machine.unsettled_before(flushed), 2);
    bench.answer(&sent, ErrorCode::NONE, 0);
    for (offset, stored) in [(1, "queued at 1"), (2, "waiting at 2")] {
        bench.pass(MS);
        let sent = bench.request().unwrap();
        bench.answer(&sent, ErrorCode::NONE, offset);
        assert_eq!(bench.settled()[0], stored);
    }
    assert!(bench.machine.is_idle());
}

#[test]
fn a_batch_that_waits_for_another_try_is_queued() {
    let mut bench = small();
    hand_over(&mut bench, "again");
    let sent = bench.request().unwrap();
    bench.answer(&sent, ErrorCode::REQUEST_TIMED_OUT, -1);
    bench.machine.purge(bench.now, Purge { in_queue: false, in_flight: true });
    assert!(bench.settled().is_empty());
    bench.machine.purge(bench.now, Purge { in_queue: true, in_flight: false });
    assert_eq!(bench.settled(), ["again failed: Purged, maybe written: true"]);
}

#[test]
fn a_gapless_partition_stops() {
    let mut bench = Bench::ready(&[1, 1], |config| config.gapless = true);
    bench.produce("a", 0, true);
    let sent = bench.request().unwrap();
    bench.produce("b", 0, false);
    bench.answer(&sent, ErrorCode::INVALID_RECORD, -1);
    bench.produce("c", 0, false);
    assert_eq!(
        bench.settled(),
        [
            "a failed: Broker, maybe written: false",
            "b failed: Gapless, maybe written: false",
            "c failed: Gapless, maybe written: false",
        ]
    );
    bench.produce("other", 1, true);
    assert!(bench.request().is_some(), "other partitions go on");
}

#[test]
fn no_batch_lingers_while_records_wait_for_memory() {
    let mut bench = Bench::ready(&[1, 1], |config| {
        config.linger = Duration::from_secs(60);
        config.buffer_memory = 1_000;
    });
    bench.produce("a", 0, false);
    bench.produce("b", 1, false);
    assert!(bench.request().is_none(), "they linger");
    let large = OwnedRecord { value: Some(vec![0; 900]), ..OwnedRecord::default() };
    bench.machine.wait(bench.now, "t", Some(0), large, Some("c"), Haste::Lingers).unwrap();
    let request = bench.request().expect("they leave");
    assert_eq!(request.batches.len(), 2);
    bench.answer(&request, ErrorCode::NONE, 0);
    assert_eq!(bench.machine.waiting_for_memory(), 0);
    assert_eq!(bench.settled(), ["a at 0", "b at 0"]);
    assert!(bench.request().is_none(), "with room again, there is time again");
}

#[test]
fn admission_waiters_complete_when_the_record_leaves_the_memory_queue() {
    let mut bench = small();
    for who in ["a", "b"] {
        assert!(hand_over(&mut bench, who).is_none());
    }
    let waits = ["c", "d", "e"].map(|who| hand_over(&mut bench, who).unwrap());
    for (ticket, who) in waits.into_iter().zip(["c is in", "d is in", "e is in"]) {
        bench.machine.when_admitted(ticket, who);
    }
    assert!(bench.settled().is_empty());
    bench.machine.cancel(bench.now, waits[1]).unwrap();
    assert_eq!(bench.settled(), ["d is in: Ok(())"]);
    let sent = bench.request().unwrap();
    bench.answer(&sent, ErrorCode::NONE, 0);
    let told = bench.settled();
    assert_eq!(told[told.len() - 2..], ["c is in: Ok(())", "e is in: Ok(())"]);
}

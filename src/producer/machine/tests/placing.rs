//! Records whose caller chooses the partition: asked about in order, stored in order, failed alone,
//! and never lost.

use super::*;
use crate::config::Partitioner;
use crate::producer::owned::OwnedRecord;

fn caller(config: &mut Config) {
    config.partitioner = Partitioner::Caller;
    config.linger = Duration::ZERO;
}

/// Hands over a record whose key is its name.
fn hand_over(bench: &mut Bench, topic: &str, who: &'static str, partition: Option<i32>) -> Ticket {
    let record = Record { timestamp: 7, key: Some(who.as_bytes()), value: None, headers: &[] };
    match bench.machine.produce(bench.now, topic, partition, &record, Some(who), Haste::Lingers) {
        Ok(Produced::Accepted { ticket, .. }) => ticket,
        other => panic!("it is open, and there is memory: {other:?}"),
    }
}

/// Returns the records to ask about: waiter, number of partitions, and ticket.
fn asked(bench: &mut Bench) -> Vec<(&'static str, i32, Ticket)> {
    let mut asked = Vec::new();
    while let Some(placing) = bench.machine.poll_placing() {
        let who = *placing.waiter.expect("each has one");
        assert_eq!(placing.key, Some(who.as_bytes()));
        asked.push((who, placing.partitions, placing.ticket));
    }
    asked
}

fn place(bench: &mut Bench, ticket: Ticket, partition: i32) {
    assert!(bench.machine.place(bench.now, ticket, Ok(partition)), "it waited for that");
}

/// Acknowledges everything that is sent. Returns the results, partition by partition.
fn delivered(bench: &mut Bench) -> Vec<String> {
    bench.pass(Duration::ZERO);
    while let Some(request) = bench.request() {
        bench.answer(&request, ErrorCode::NONE, 0);
        bench.pass(Duration::ZERO);
    }
    bench.settled()
}

#[test]
fn a_record_of_a_known_topic_goes_straight_to_its_partition() {
    assert_eq!(Bench::new(caller).machine.partitions("t"), None, "nobody has asked yet");
    let mut bench = Bench::ready(&[1, 1], caller);
    assert_eq!(bench.machine.partitions("t"), Some(2));
    hand_over(&mut bench, "t", "a", Some(1));
    assert!(bench.machine.peek_placing().is_none());
    assert_eq!(bench.request().unwrap().batches[0].0, 1);
}

#[test]
fn records_of_an_unknown_topic_are_asked_about_once_it_is_known_and_in_order() {
    let mut bench = Bench::new(caller);
    for who in ["a", "b", "c"] {
        hand_over(&mut bench, "t", who, None);
    }
    assert!(bench.machine.poll_placing().is_none(), "nobody knows out of how many");
    bench.describe(&[1, 1]);
    bench.identify();
    bench.machine.handle_connected(1);
    assert_eq!(bench.machine.peek_placing().and_then(|first| first.waiter.copied()), Some("a"));
    let asked = asked(&mut bench);
    let who: Vec<_> = asked.iter().map(|(who, partitions, _)| (*who, *partitions)).collect();
    assert_eq!(who, [("a", 2), ("b", 2), ("c", 2)]);
    // The answers come in any order; the records are sent in their own.
    for (_, _, ticket) in asked.iter().rev() {
        assert!(bench.request().is_none());
        assert_eq!(bench.machine.partitions("t"), None, "earlier ones still wait");
        place(&mut bench, *ticket, 1);
    }
    assert_eq!(bench.machine.partitions("t"), Some(2));
    assert_eq!(delivered(&mut bench), ["a at 0", "b at 1", "c at 2"]);
}

#[test]
fn no_record_overtakes_an_unplaced_record() {
    let mut bench = Bench::ready(&[1], caller);
    let first = hand_over(&mut bench, "t", "first", None);
    hand_over(&mut bench, "t", "its own", Some(0));
    let last = hand_over(&mut bench, "t", "last", None);
    assert!(delivered(&mut bench).is_empty());
    let tickets: Vec<_> = asked(&mut bench).into_iter().map(|(_, _, ticket)| ticket).collect();
    assert_eq!(tickets, [first, last], "whoever names a partition is not asked");
    place(&mut bench, last, 0);
    place(&mut bench, first, 0);
    assert_eq!(delivered(&mut bench), ["first at 0", "its own at 1", "last at 2"]);
}

#[test]
fn a_partitioner_that_fails_fails_that_record_alone() {
    let mut bench = Bench::ready(&[1, 1], caller);
    for who in ["raises", "misses", "negative", "fine"] {
        hand_over(&mut bench, "t", who, None);
    }
    let places = [Err("ValueError: no such customer".to_owned()), Ok(2), Ok(-1), Ok(1)].into_iter();
    for ((_, _, ticket), place) in asked(&mut bench).into_iter().zip(places) {
        assert!(bench.machine.place(bench.now, ticket, place));
    }
    let mut failed = Vec::new();
    while let Some(Settled::Batch(batch)) = bench.machine.poll_settled() {
        failed.push((batch.partition, batch.outcome.unwrap_err()));
    }
    let said = |index: usize| failed[index].1.to_string();
    assert!(said(0).contains("topic \"t\": ValueError: no such customer; it must return"));
    assert!(said(1).contains("chose partition 2 of topic \"t\": it must return one from 0 to 1"));
    let kinds: Vec<_> = failed.iter().map(|(at, error)| (*at, error.kind())).collect();
    let unknown = ErrorKind::UnknownPartition;
    assert_eq!(kinds, [(-1, ErrorKind::InvalidRecord), (2, unknown), (-1, unknown)]);
    assert_eq!(delivered(&mut bench), ["fine at 0"]);
    assert_eq!(bench.machine.memory_used(), 0);
}

#[test]
fn an_answer_counts_once() {
    let mut bench = Bench::ready(&[1, 1], caller);
    let first = hand_over(&mut bench, "t", "first", None);
    let named = hand_over(&mut bench, "t", "named", Some(0));
    assert!(!bench.machine.place(bench.now, named, Ok(1)), "it has its partition");
    assert!(!bench.machine.place(bench.now, 99, Ok(0)), "there is no such record");
    place(&mut bench, first, 0);
    assert!(!bench.machine.place(bench.now, first, Err("again".into())));
    assert!(bench.machine.poll_placing().is_none(), "it was placed unasked");
    assert_eq!(delivered(&mut bench), ["first at 0", "named at 1"]);
}

#[test]
fn a_topic_may_grow_between_question_and_answer() {
    let mut bench = Bench::ready(&[1], caller);
    hand_over(&mut bench, "t", "old", None);
    let [(_, 1, old)] = asked(&mut bench)[..] else { panic!("out of one partition") };
    bench.machine.cluster.want();
    bench.pass(Duration::from_secs(1));
    bench.describe(&[1, 1, 1]);
    hand_over(&mut bench, "t", "new", None);
    let [(_, 3, new)] = asked(&mut bench)[..] else { panic!("only the new one, out of three") };
    place(&mut bench, new, 2);
    place(&mut bench, old, 0);
    bench.pass(Duration::ZERO);
    let sent = bench.request().unwrap();
    assert_eq!(sent.batches.iter().map(|(at, ..)| *at).collect::<Vec<_>>(), [0, 2]);
}

#[test]
fn an_unplaced_record_expires_and_lets_others_pass() {
    let mut bench = Bench::ready(&[1], caller);
    hand_over(&mut bench, "t", "forgotten", None);
    hand_over(&mut bench, "t", "behind it", Some(0));
    bench.pass(Duration::from_secs(60));
    hand_over(&mut bench, "t", "later", Some(0));
    assert!(bench.settled().is_empty());
    let due = bench.machine.poll_timeout().unwrap();
    assert!(due <= bench.now + Duration::from_secs(60));
    bench.pass(Duration::from_secs(60));
    let mut whose = Vec::new();
    while let Some(Settled::Batch(batch)) = bench.machine.poll_settled() {
        let error = batch.outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DeliveryTimeout);
        assert!(error.to_string().contains("the partitioner has not said where"), "{error}");
        whose.push(error.to_string().contains("one before it goes"));
    }
    assert_eq!(whose, [false, true]);
    assert!(bench.machine.poll_placing().is_none(), "it is too late to ask");
    assert_eq!(delivered(&mut bench), ["later at 0"]);
    assert_eq!(bench.machine.memory_used(), 0);
}

#[test]
fn a_record_of_an_unknown_topic_expires_before_older_records() {
    let mut bench = Bench::ready(&[1], caller);
    hand_over(&mut bench, "t", "unplaced", None);
    hand_over(&mut bench, "unknown", "lost", None);
    bench.pass(Duration::from_secs(10));
    assert_eq!(bench.settled(), ["lost failed: Unreachable, maybe written: false"]);
}

#[test]
fn records_of_a_known_topic_have_their_full_delivery_timeout() {
    let mut bench = Bench::new(caller);
    hand_over(&mut bench, "t", "a", None);
    bench.pass(Duration::from_secs(9));
    bench.describe(&[1]);
    bench.pass(Duration::from_secs(110));
    assert!(bench.settled().is_empty(), "metadata_timeout is for the topic");
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.settled(), ["a failed: DeliveryTimeout, maybe written: false"]);
}

#[test]
fn a_withdrawn_unplaced_record_unblocks_later_ones() {
    let mut bench = Bench::ready(&[1], caller);
    let first = hand_over(&mut bench, "t", "first", None);
    hand_over(&mut bench, "t", "second", Some(0));
    assert!(bench.machine.cancel(bench.now, first).is_some());
    assert!(asked(&mut bench).is_empty());
    assert!(!bench.machine.place(bench.now, first, Ok(0)));
    assert_eq!(delivered(&mut bench), ["second at 0"]);
    assert!(bench.machine.is_idle());
    assert_eq!(bench.machine.memory_used(), 0);
}

#[test]
fn flush_and_close_wait_for_unplaced_records() {
    let mut bench = Bench::ready(&[1], |config| {
        caller(config);
        config.linger = Duration::from_secs(60);
    });
    let first = hand_over(&mut bench, "t", "a", None);
    bench.machine.flush(bench.now, "flush");
    bench.machine.close(bench.now, bench.now + Duration::from_secs(100), Some("close"));
    bench.pass(MS);
    assert!(bench.settled().is_empty() && !bench.machine.is_finished());
    place(&mut bench, first, 0);
    let request = bench.request().expect("flush does not linger");
    bench.answer(&request, ErrorCode::NONE, 0);
    bench.pass(MS);
    assert_eq!(bench.settled(), ["a at 0", "flush: Ok(())", "close: Ok(())"]);
}

#[test]
fn purge_and_close_drop_unplaced_records() {
    let mut bench = Bench::ready(&[1], caller);
    let first = hand_over(&mut bench, "t", "a", None);
    hand_over(&mut bench, "t", "b", Some(0));
    bench.machine.purge(bench.now, Purge::ALL);
    assert!(!bench.machine.place(bench.now, first, Ok(0)));
    hand_over(&mut bench, "t", "c", None);
    bench.machine.close(bench.now, bench.now + MS, Some("close"));
    bench.pass(MS);
    let ended = [
        "a failed: Purged, maybe written: false",
        "b failed: Purged, maybe written: false",
        "c failed: Closed, maybe written: false",
        "close: Ok(())",
    ];
    assert_eq!(bench.settled(), ended);
    assert_eq!((bench.machine.abandoned(), bench.machine.memory_used()), (1, 0));
}

#[test]
fn unplaced_records_use_memory_and_the_memory_queue_keeps_its_order() {
    const SIZE: usize = 1_000;
    let mut bench = Bench::ready(&[1], |config| {
        caller(config);
        config.buffer_memory = SIZE + 500;
    });
    let value = vec![0; SIZE];
    let record = |key| Record { timestamp: 7, key: Some(key), value: Some(&value), headers: &[] };
    for (who, partition) in [("a", None), ("b", None), ("c", Some(0))] {
        let (record, now) = (record(who.as_bytes()), bench.now);
        let produced =
            bench.machine.produce(now, "t", partition, &record, Some(who), Haste::Lingers);
        if let Produced::Full(waiter) = produced.unwrap() {
            let copy = OwnedRecord::copy(&record).unwrap();
            bench.machine.wait(now, "t", partition, copy, waiter, Haste::Lingers).unwrap();
        }
    }
    assert!(bench.machine.memory_used() >= SIZE);
    assert_eq!(bench.machine.waiting_for_memory(), 2);
    let mut order = Vec::new();
    while !bench.machine.is_idle() {
        for (_, _, ticket) in asked(&mut bench) {
            place(&mut bench, ticket, 0);
        }
        order.extend(delivered(&mut bench));
    }
    assert_eq!(order, ["a at 0", "b at 0", "c at 0"]);
    assert_eq!(bench.machine.memory_used(), 0);
}

#[test]
fn only_the_first_record_to_place_wakes_the_driver() {
    let mut bench = Bench::ready(&[1], caller);
    let record = Record { timestamp: 7, key: None, value: None, headers: &[] };
    let work: Vec<bool> = (0..2)
        .map(|_| match bench.machine.produce(bench.now, "t", None, &record, None, Haste::Lingers) {
            Ok(Produced::Accepted { work, .. }) => work,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(work, [true, false]);
}

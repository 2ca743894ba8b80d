//! The fast path: a waiter for several records in a row, and how it completes.

use super::*;
use crate::producer::{Joined, Who};

/// A waiter for records by their number; the text does not matter here.
struct Next(usize);

const NAMES: [&str; 6] = ["0", "1", "2", "3", "4", "5"];

impl Who<&'static str> for Next {
    fn is_next_of(&self, waiter: &&'static str, count: i32) -> bool {
        NAMES.iter().position(|name| name == waiter).is_some_and(|n| n + count as usize == self.0)
    }

    fn make(self) -> Option<&'static str> {
        Some(NAMES[self.0])
    }
}

fn rest(waiter: &&'static str, but: i32) -> &'static str {
    let first = NAMES.iter().position(|name| name == waiter).expect("it is one of them");
    NAMES[first + but as usize]
}

impl Bench {
    fn join(&mut self, number: usize, partition: i32, timestamp: i64) -> Option<Joined> {
        let value = [b'.'; 100];
        let record = Record { timestamp, key: None, value: Some(&value), headers: &[] };
        let now = || panic!("nobody need tell the time");
        let haste = Haste::Together;
        self.machine.join(now, "t", Some(partition), &record, Next(number), haste).ok()
    }

    /// Returns, for each waiter, the offset of its first record and the number of its records.
    fn rows(&mut self) -> Vec<(&'static str, Option<i64>, i32)> {
        let mut rows = Vec::new();
        while let Some(Settled::Batch(batch)) = self.machine.poll_settled() {
            assert_eq!(batch.unclaimed, 0);
            for waiting in batch.waiting {
                let stored = batch.outcome.as_ref().ok();
                let first = stored.map(|it| it.first_place_of(&waiting));
                rows.push((waiting.waiter, first.map(|place| place.offset), waiting.count));
            }
        }
        rows
    }
}

fn bench(change: impl FnOnce(&mut Config)) -> Bench {
    let mut bench = Bench::with_rest(rest, change);
    bench.learn(&[1]);
    bench
}

#[test]
fn a_record_joins_no_batch_without_an_open_one() {
    let mut bench = bench(|_| {});
    assert_eq!(bench.join(0, 0, 7), None, "no batch is open");
    assert_eq!(bench.settled(), [""; 0]);
}

#[test]
fn consecutive_records_share_a_waiter() {
    let mut bench = bench(|_| {});
    bench.produce_with("0", 0, Haste::Together);
    for number in 1..4 {
        bench.join(number, 0, 7).expect("a batch is open");
    }
    bench.machine.ship(bench.now);
    let request = bench.request().expect("they leave together");
    bench.answer(&request, ErrorCode::NONE, 40);
    assert_eq!(bench.rows(), [("0", Some(40), 4)]);
}

#[test]
fn records_made_at_different_times_have_separate_waiters() {
    let mut bench = bench(|_| {});
    bench.produce_with("0", 0, Haste::Together);
    bench.join(2, 0, 7).expect("a batch is open");
    bench.join(3, 0, 8).expect("made at another time");
    bench.join(4, 0, 8).expect("made at the same");
    bench.machine.ship(bench.now);
    let request = bench.request().expect("they leave together");
    bench.answer(&request, ErrorCode::NONE, 0);
    assert_eq!(bench.rows(), [("0", Some(0), 1), ("2", Some(1), 1), ("3", Some(2), 2)]);
}

#[test]
fn a_shared_waiter_is_split_with_its_batch() {
    let mut bench = bench(|_| {});
    bench.produce_with("0", 0, Haste::Together);
    for number in 1..6 {
        bench.join(number, 0, 7).expect("a batch is open");
    }
    bench.machine.ship(bench.now);
    let whole = bench.request().expect("they leave together");
    bench.answer(&whole, ErrorCode::MESSAGE_TOO_LARGE, -1);
    let mut offset = 0;
    let mut rows = Vec::new();
    while let Some(part) = bench.request() {
        bench.answer(&part, ErrorCode::NONE, offset);
        let settled = bench.rows();
        offset += settled.iter().map(|(_, _, count)| i64::from(*count)).sum::<i64>();
        rows.extend(settled);
    }
    let counts: Vec<_> = rows.iter().map(|(_, _, count)| *count as usize).collect();
    assert!(counts.len() > 1, "it was too large: {counts:?}");
    assert_eq!(counts.iter().sum::<usize>(), 6);
    let mut next = 0;
    for (who, first, count) in rows {
        assert_eq!((who, first), (NAMES[next], Some(next as i64)));
        next += count as usize;
    }
}

#[test]
fn no_record_joins_a_batch_past_the_memory_queue() {
    let mut bench = bench(|config| config.buffer_memory = 1_000);
    bench.produce_with("0", 0, Haste::Together);
    let record =
        OwnedRecord { timestamp: 7, key: None, value: Some(vec![b'.'; 950]), headers: Vec::new() };
    let waits = bench.machine.wait(bench.now, "t", Some(0), record, Some("5"), Haste::Together);
    waits.expect("the line is short");
    assert_eq!(bench.join(1, 0, 7), None, "it would overtake");
}

//! The process has no memory: records that are handed over are refused, accepted records fail with
//! an error, and nothing else is affected.

use super::*;
use crate::producer::owned::OwnedRecord;
use crate::scarce::with_at_most;

const LARGE: usize = 500_000;
const SCARCE: usize = 100_000;

fn produce(
    bench: &mut Bench,
    value: &[u8],
    who: &'static str,
) -> Result<Produced<&'static str>, (Error, Option<&'static str>)> {
    let record = Record { timestamp: 7, key: None, value: Some(value), headers: &[] };
    bench.machine.produce(bench.now, "t", Some(0), &record, Some(who), Haste::Lingers)
}

fn assert_refused(produced: Result<Produced<&'static str>, (Error, Option<&'static str>)>) {
    let (error, waiter) = produced.expect_err("there is no memory for it");
    assert_eq!(error.kind(), ErrorKind::OutOfMemory);
    assert_eq!(waiter, Some("large"));
    assert!(error.retriable());
}

#[test]
fn a_record_that_finds_no_memory_is_refused_alone() {
    let large = vec![0; LARGE];
    for leaders in [&[1][..], &[]] {
        let mut bench = match leaders {
            [] => Bench::new(|_| {}),
            leaders => Bench::ready(leaders, |_| {}),
        };
        produce(&mut bench, b"before", "before").unwrap();
        let used = bench.machine.memory_used();
        assert_refused(with_at_most(SCARCE, || produce(&mut bench, &large, "large")));
        assert_eq!(bench.machine.memory_used(), used);
        assert_eq!(bench.machine.unsettled(), 1);
        produce(&mut bench, b"after", "after").unwrap();
        if leaders.is_empty() {
            bench.machine.target(bench.now, "t", None, Haste::Lingers);
            bench.machine.cluster.want();
            bench.describe(&[1]);
            bench.machine.handle_connected(1);
            bench.identify();
        }
        bench.pass(Duration::from_millis(100));
        let sent = bench.request().expect("the others leave");
        assert_eq!(sent.batches[0].2.count(), 2);
        bench.answer(&sent, ErrorCode::NONE, 0);
        assert_eq!(bench.settled().len(), 2);
        assert!(bench.machine.is_idle());
        assert_eq!(bench.machine.memory_used(), 0);
    }
}

#[test]
fn a_batch_that_cannot_grow_is_followed_by_another() {
    let mut bench = Bench::ready(&[1], |config| config.batch_size = 2 * LARGE);
    let value = vec![0; SCARCE / 3];
    with_at_most(SCARCE, || {
        for who in ["a", "b", "c", "d"] {
            produce(&mut bench, &value, who).unwrap();
        }
    });
    let mut count = 0;
    bench.pass(Duration::from_millis(100));
    while let Some(sent) = bench.request() {
        count += 1;
        bench.answer(&sent, ErrorCode::NONE, 4 * count);
        bench.pass(Duration::from_millis(100));
    }
    assert!(count > 1);
    let told = bench.settled();
    let first: Vec<_> = told.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(first, ["a", "b", "c", "d"]);
}

/// It was accepted, and there is no memory for it once its topic is known, or once the buffer has
/// room.
#[test]
fn a_queued_record_that_finds_no_memory_fails() {
    let large = vec![0; LARGE];
    let mut bench = Bench::new(|_| {});
    produce(&mut bench, &large, "large").unwrap();
    produce(&mut bench, b"small", "small").unwrap();
    bench.machine.cluster.want();
    with_at_most(SCARCE, || bench.describe(&[1]));
    let told = bench.settled();
    assert!(told.len() == 1 && told[0].starts_with("large failed: OutOfMemory"), "{told:?}");

    let mut bench = Bench::ready(&[1], |config| config.buffer_memory = LARGE + 1_000);
    produce(&mut bench, &large, "first").unwrap();
    let record = Record { timestamp: 7, key: None, value: Some(&large), headers: &[] };
    let copy = OwnedRecord::copy(&record).unwrap();
    assert!(with_at_most(SCARCE, || OwnedRecord::copy(&record)).is_err());
    bench.machine.wait(bench.now, "t", Some(0), copy, Some("large"), Haste::Lingers).unwrap();
    let sent = bench.request().unwrap();
    with_at_most(SCARCE, || bench.answer(&sent, ErrorCode::NONE, 0));
    let told = bench.settled();
    assert!(told.len() == 2 && told[1].starts_with("large failed: OutOfMemory"), "{told:?}");
    assert!(bench.machine.is_idle());
    assert_eq!(bench.machine.memory_used(), 0);
}

#[test]
fn a_gapless_partition_stops_after_a_record_without_memory() {
    let large = vec![0; LARGE];
    let mut bench = Bench::new(|config| config.gapless = true);
    produce(&mut bench, b"before", "before").unwrap();
    produce(&mut bench, &large, "large").unwrap();
    produce(&mut bench, b"after", "after").unwrap();
    bench.machine.cluster.want();
    with_at_most(SCARCE, || bench.describe(&[1]));
    let told = bench.settled();
    let told: Vec<_> = told.iter().map(|line| line.split(',').next().unwrap()).collect();
    let stopped = "failed: Gapless";
    let expected = [
        format!("before {stopped}"),
        "large failed: OutOfMemory".to_owned(),
        format!("after {stopped}"),
    ];
    assert_eq!(told, expected);
    assert!(bench.machine.is_idle());
}

#[test]
fn all_or_nothing_batches_without_memory_are_refused_as_one() {
    let mut bench = Bench::ready(&[1], |_| {});
    let value = vec![0; SCARCE / 2];
    let record = Record { timestamp: 7, key: None, value: Some(&value), headers: &[] };
    let records = [(Some(0), record), (Some(0), record), (Some(0), record)];
    let whole = with_at_most(SCARCE, || {
        let waiters = vec!["a", "b", "c"];
        bench.machine.produce_whole(bench.now, bench.now, "t", &records, waiters)
    });
    let Whole::Refused(NotWhole::Error(error), waiters) = whole else { panic!("{whole:?}") };
    assert_eq!((error.kind(), waiters.len()), (ErrorKind::OutOfMemory, 3));
    assert!(bench.machine.is_idle());
    assert_eq!(bench.machine.memory_used(), 0);
}

/// A broker refuses a batch as too large, and there is no memory to split it.
#[test]
fn a_batch_that_cannot_be_split_fails_with_out_of_memory() {
    let mut bench = Bench::ready(&[1], |config| config.batch_size = 2 * LARGE);
    let value = vec![0; LARGE / 4];
    for who in ["a", "b", "c", "d"] {
        produce(&mut bench, &value, who).unwrap();
    }
    bench.pass(Duration::from_millis(100));
    let sent = bench.request().unwrap();
    with_at_most(SCARCE, || bench.answer(&sent, ErrorCode::MESSAGE_TOO_LARGE, -1));
    let told = bench.settled();
    assert!(told.iter().all(|line| line.contains("failed: OutOfMemory")), "{told:?}");
    assert_eq!(told.len(), 4);
    assert!(bench.machine.is_idle());
}

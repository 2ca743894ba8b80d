//! All-or-nothing batches.

use super::*;

/// A record that names its partition, or has a key.
type Placed = (Option<i32>, Option<&'static [u8]>);

fn hand_over(bench: &mut Bench, placed: &[Placed], value: &[u8]) -> Whole<&'static str> {
    let record = |key| Record { timestamp: 7, key, value: Some(value), headers: &[] };
    let records: Vec<_> = placed.iter().map(|(named, key)| (*named, record(*key))).collect();
    let waiters = vec!["whole"; records.len()];
    bench.machine.produce_whole(bench.now, bench.now, "t", &records, waiters)
}

fn taken(whole: &Whole<&'static str>) -> bool {
    matches!(whole, Whole::Accepted)
}

#[test]
fn a_whole_is_a_batch_of_its_own() {
    let mut bench = Bench::ready(&[1], |config| config.linger = 50 * MS);
    bench.produce("before", 0, false);
    assert!(taken(&hand_over(&mut bench, &[(Some(0), None); 3], b"v")));
    bench.produce("behind", 0, false);
    let mut counts = Vec::new();
    for offset in [0, 1, 4] {
        bench.pass(50 * MS);
        let Some(sent) = bench.request() else { break };
        counts.push(sent.batches[0].2.count());
        bench.answer(&sent, ErrorCode::NONE, offset);
    }
    assert_eq!(counts, [1, 3, 1]);
    assert_eq!(
        bench.settled(),
        ["before at 0", "whole at 1", "whole at 2", "whole at 3", "behind at 4"]
    );
}

#[test]
fn a_whole_may_exceed_the_batch_size() {
    let mut bench = Bench::ready(&[1], |config| config.batch_size = 100);
    assert!(taken(&hand_over(&mut bench, &[(Some(0), None); 5], &[0; 90])));
    assert_eq!(bench.request().unwrap().batches[0].2.count(), 5);
}

#[test]
fn a_whole_is_never_split() {
    let mut bench = Bench::ready(&[1], |_| {});
    hand_over(&mut bench, &[(Some(0), None); 3], b"v");
    let sent = bench.request().unwrap();
    bench.answer(&sent, ErrorCode::MESSAGE_TOO_LARGE, -1);
    assert_eq!(bench.settled(), ["whole failed: Broker, maybe written: false"; 3]);
    assert!(bench.request().is_none());
}

#[test]
fn a_whole_goes_to_the_partition_that_one_record_determines() {
    let mut bench = Bench::ready(&[1; 3], |_| {});
    let belongs = crate::producer::partition_of(b"k", 3);
    assert!(taken(&hand_over(&mut bench, &[(None, None), (None, Some(b"k"))], b"v")));
    assert_eq!(bench.request().unwrap().batches[0].0, belongs);
    let elsewhere = (Some((belongs + 1) % 3), None);
    let refused = hand_over(&mut bench, &[(None, Some(b"k")), elsewhere], b"v");
    assert!(matches!(refused, Whole::Refused(NotWhole::Scattered(one, _), _) if one == belongs));
}

#[test]
fn a_whole_with_an_invalid_partition_or_size_is_refused() {
    let mut bench = Bench::ready(&[1], |config| config.max_request_size = 1_000);
    for (placed, value, kind) in [
        (vec![(Some(9), None)], 1, ErrorKind::UnknownPartition),
        (vec![(Some(0), None); 20], 100, ErrorKind::InvalidRecord),
    ] {
        let refused = hand_over(&mut bench, &placed, &vec![0; value]);
        assert!(
            matches!(&refused, Whole::Refused(NotWhole::Error(error), _) if error.kind() == kind),
            "{refused:?}"
        );
    }
    assert!(bench.request().is_none());
    assert_eq!(bench.machine.memory_used(), 0);
}

#[test]
fn a_whole_waits_until_all_of_it_fits() {
    let mut bench = Bench::ready(&[1], |config| {
        config.buffer_memory = 1_000;
        config.linger = Duration::ZERO;
    });
    let fill = |bench: &mut Bench| hand_over(bench, &[(Some(0), None)], &[0; 600]);
    assert!(taken(&fill(&mut bench)));
    assert!(matches!(fill(&mut bench), Whole::Full(waiters) if waiters.len() == 1));
    bench.machine.when_whole_fits("t", 700, "fits");
    assert!(bench.settled().is_empty());
    let sent = bench.request().unwrap();
    bench.answer(&sent, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["whole at 0", "fits: Ok(())"]);
    assert!(taken(&fill(&mut bench)));
}

#[test]
fn waiters_for_room_complete_when_the_producer_closes() {
    let mut bench = Bench::ready(&[1], |config| config.buffer_memory = 1_000);
    hand_over(&mut bench, &[(Some(0), None)], &[0; 600]);
    bench.machine.when_whole_fits("t", 700, "fits");
    bench.machine.close(bench.now, bench.now + MS, None);
    assert!(bench.settled().contains(&"fits: Ok(())".to_owned()));
    assert!(matches!(
        hand_over(&mut bench, &[(Some(0), None)], b"v"),
        Whole::Refused(NotWhole::Error(error), _) if error.kind() == ErrorKind::Closed
    ));
}

#[test]
fn a_whole_expires_before_older_records() {
    let mut bench = Bench::ready(&[1], |config| config.linger = 50 * MS);
    let since = bench.now;
    bench.pass(100_000 * MS);
    bench.produce("before", 0, false);
    bench.pass(MS);
    let record = Record { timestamp: 7, key: None, value: Some(b"v"), headers: &[] };
    let whole = [(Some(0), record)];
    let taken = bench.machine.produce_whole(bench.now, since, "t", &whole, vec!["whole"]);
    assert!(matches!(taken, Whole::Accepted));
    let _unanswered = bench.request().expect("a whole does not linger, nor what is before it");
    bench.pass(19_998 * MS);
    assert!(bench.settled().is_empty());
    let due = bench.machine.poll_timeout().expect("there is a deadline");
    assert!(due <= since + 120_000 * MS, "it is late by {:?}", due - since);
    bench.pass(MS);
    assert_eq!(bench.settled(), ["whole failed: DeliveryTimeout, maybe written: false"]);
    bench.pass(100_000 * MS);
    assert_eq!(bench.settled(), ["before failed: DeliveryTimeout, maybe written: true"]);
}

#[test]
fn an_acknowledged_whole_completes_at_its_deadline() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("first", 0, true);
    let first = bench.request().unwrap();
    bench.answer(&first, ErrorCode::NONE, 0);
    let since = bench.now;
    bench.pass(100_000 * MS);
    bench.produce("before", 0, true);
    let _unanswered = bench.request().unwrap();
    let record = Record { timestamp: 7, key: None, value: Some(b"v"), headers: &[] };
    bench.machine.produce_whole(bench.now, since, "t", &[(Some(0), record)], vec!["whole"]);
    let whole = bench.request().unwrap();
    bench.answer(&whole, ErrorCode::NONE, 2);
    assert_eq!(bench.settled(), ["first at 0"]);
    bench.pass(20_000 * MS);
    assert_eq!(bench.settled(), ["whole at 2"]);
}

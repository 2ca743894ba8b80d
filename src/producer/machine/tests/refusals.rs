//! Refusals by brokers, and the machine's reactions.

use super::*;
use crate::protocol::BatchIndexError;

/// A machine with idempotence whose leader has acknowledged a record.
fn warm(change: impl FnOnce(&mut Config)) -> Bench {
    let mut bench = Bench::ready(&[1], change);
    bench.produce("first", 0, true);
    let first = bench.request().unwrap();
    bench.answer(&first, ErrorCode::NONE, 0);
    assert_eq!(bench.settled(), ["first at 0"]);
    bench
}

impl Bench {
    /// Sends records as one batch.
    fn send(&mut self, records: &[&'static str]) -> TestRequest {
        for who in records {
            self.produce(who, 0, false);
        }
        self.machine.close_batches(self.now);
        self.request().expect("the leader takes another request")
    }

    /// Refuses a request's batch for some of its records.
    fn blame(&mut self, request: &TestRequest, indices: &[i32]) {
        let mut response = answer_to(request, ErrorCode::INVALID_RECORD, -1);
        let blamed = indices.iter().map(|index| BatchIndexError {
            batch_index: *index,
            batch_index_error_message: Some(format!("no key in {index}")),
        });
        response.responses[0].partition_responses[0].record_errors = blamed.collect();
        self.machine.handle_produced(self.now, request.id, &response);
    }

    /// Acknowledges everything that is sent, from an offset on.
    fn acknowledge_all(&mut self, mut offset: i64) {
        while let Some(request) = self.request() {
            self.answer(&request, ErrorCode::NONE, offset);
            offset += i64::from(request.batches[0].2.count());
        }
    }

    fn errors(&mut self) -> Vec<Error> {
        let settled = std::iter::from_fn(|| self.machine.poll_settled());
        let errors = settled.filter_map(|settled| match settled {
            Settled::Batch(batch) => batch.outcome.err(),
            Settled::Call { result, .. } => result.err(),
        });
        errors.collect()
    }
}

#[test]
fn a_refused_record_fails_alone() {
    for (blamed, lines) in [
        (vec![0], ["a failed: Broker, maybe written: false", "b at 1", "c at 2", "d at 3"]),
        (vec![1], ["a at 1", "b failed: Broker, maybe written: false", "c at 2", "d at 3"]),
        (vec![3], ["a at 1", "b at 2", "c at 3", "d failed: Broker, maybe written: false"]),
    ] {
        let mut bench = warm(|_| {});
        let sent = bench.send(&["a", "b", "c", "d"]);
        bench.blame(&sent, &blamed);
        bench.acknowledge_all(1);
        assert_eq!(bench.settled(), lines);
        assert!(bench.machine.is_idle());
        assert_eq!(bench.machine.memory_used(), 0);
    }
}

#[test]
fn several_refused_records_fail_and_the_rest_is_numbered_without_gaps() {
    let mut bench = warm(|_| {});
    let sent = bench.send(&["a", "b", "c", "d", "e"]);
    let (_, identity, _) = sent.batches[0];
    bench.blame(&sent, &[1, 3]);
    let mut numbers = Vec::new();
    let mut offset = 1;
    while let Some(request) = bench.request() {
        let (_, identity, batch) = &request.batches[0];
        numbers.push((identity.base_sequence, batch.count()));
        bench.answer(&request, ErrorCode::NONE, offset);
        offset += 1;
    }
    let first = identity.base_sequence;
    assert_eq!(numbers, [(first, 1), (first + 1, 1), (first + 2, 1)]);
    let next = bench.send(&["f"]);
    assert_eq!(next.batches[0].1.base_sequence, first + 3, "the next batch follows");
}

#[test]
fn errors_name_the_refused_record_but_not_the_rest_of_its_batch() {
    let mut bench = warm(|_| {});
    let sent = bench.send(&["a", "b"]);
    bench.blame(&sent, &[1]);
    bench.acknowledge_all(1);
    let errors = bench.errors();
    assert_eq!(errors.len(), 1);
    let text = errors[0].to_string();
    assert!(text.contains("\"t\"") && text.contains("no key in 1"), "{text}");
    assert_eq!(errors[0].context().code, Some(ErrorCode::INVALID_RECORD));
}

#[test]
fn if_every_record_is_refused_each_fails_with_its_own_reason() {
    let mut bench = warm(|_| {});
    let sent = bench.send(&["a", "b"]);
    bench.blame(&sent, &[0, 1]);
    let texts: Vec<_> = bench.errors().iter().map(ToString::to_string).collect();
    assert!(texts[0].contains("no key in 0") && texts[1].contains("no key in 1"), "{texts:?}");
    let next = bench.send(&["c"]);
    bench.answer(&next, ErrorCode::NONE, 1);
    assert_eq!(bench.settled(), ["c at 1"]);
}

#[test]
fn records_that_are_stored_together_fail_together() {
    let mut bench = warm(|_| {});
    let record = |value| Record { timestamp: 7, key: None, value: Some(value), headers: &[] };
    let records = [(Some(0), record(b"a")), (Some(0), record(b"b"))];
    bench.machine.produce_whole(bench.now, bench.now, "t", &records, vec!["a", "b"]);
    let sent = bench.request().unwrap();
    bench.blame(&sent, &[1]);
    assert!(bench.request().is_none());
    assert_eq!(
        bench.settled(),
        ["a failed: Broker, maybe written: false", "b failed: Broker, maybe written: false"]
    );
}

#[test]
fn a_gapless_partition_stops_at_a_refused_record() {
    let mut bench = warm(|config| config.gapless = true);
    let sent = bench.send(&["a", "b"]);
    bench.blame(&sent, &[0]);
    assert!(bench.request().is_none());
    assert_eq!(bench.settled().len(), 2);
}

#[test]
fn a_batch_that_may_be_stored_is_not_split() {
    let mut bench = warm(|_| {});
    let sent = bench.send(&["a", "b"]);
    bench.answer(&sent, ErrorCode::REQUEST_TIMED_OUT, -1);
    bench.pass(200 * MS);
    let again = bench.request().unwrap();
    bench.blame(&again, &[0]);
    assert!(bench.request().is_none());
    assert_eq!(
        bench.settled(),
        ["a failed: Broker, maybe written: true", "b failed: Broker, maybe written: true"]
    );
}

#[test]
fn a_record_that_does_not_exist_cannot_be_blamed() {
    let mut bench = warm(|_| {});
    let sent = bench.send(&["a", "b"]);
    bench.blame(&sent, &[2]);
    assert_eq!(bench.settled().len(), 2, "all of them fail");
}

#[test]
fn a_batch_that_is_too_large_for_the_topic_names_both_limits() {
    let mut bench = Bench::ready(&[1], |_| {});
    bench.produce("a", 0, true);
    let sent = bench.request().unwrap();
    bench.answer(&sent, ErrorCode::MESSAGE_TOO_LARGE, -1);
    let text = bench.errors()[0].to_string();
    assert!(text.contains("max.message.bytes"), "{text}");
    assert!(text.contains("max_request_size=1048576"), "{text}");
}

#[test]
fn only_errors_that_end_the_producer_are_fatal() {
    let mut bench = Bench::ready(&[1], |_| {});
    for code in [49, 31, 53, 90, 35] {
        bench.produce("a", 0, true);
        let Some(sent) = bench.request() else { panic!("it goes on after {code}") };
        bench.answer(&sent, ErrorCode(code), -1);
        let error = &bench.errors()[0];
        assert!(!error.fatal(), "{error}");
        assert!(bench.machine.check_open().is_ok());
    }
    let mut bench = Bench::new(|_| {});
    bench.produce("a", 0, true);
    let refused = Error::new(ErrorKind::Broker, "no id").code(ErrorCode::UNKNOWN_SERVER_ERROR);
    bench.machine.handle_identity_failed(bench.now, refused);
    assert!(bench.errors()[0].fatal());
    assert!(bench.machine.check_open().unwrap_err().fatal());
}

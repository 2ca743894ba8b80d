//! The machine's log lines.

use super::*;
use crate::producer::notice::{Notice, Severity};

impl Bench {
    fn notices(&mut self) -> Vec<(Severity, String)> {
        let all = std::iter::from_fn(|| self.machine.poll_notice());
        all.map(|Notice { severity, text }| (severity, text)).collect()
    }

    fn fail_to_ask(&mut self) {
        let asked = self.machine.poll_metadata(self.now);
        assert!(asked.is_some(), "it wants to ask");
        let error = Error::new(ErrorKind::Unreachable, "localhost:9092: connection refused");
        self.machine.handle_metadata_failed(self.now, error);
    }
}

#[test]
fn a_cluster_that_cannot_be_reached_is_a_warning_at_once_and_each_minute() {
    let mut bench = Bench::new(|config| {
        config.metadata_timeout = Duration::from_secs(600);
        config.delivery_timeout = Duration::from_secs(600);
    });
    bench.produce("record", 0, true);
    bench.fail_to_ask();
    let text = "the cluster cannot be reached: localhost:9092: connection refused; 1 message \
                waits; trying again";
    assert_eq!(bench.notices(), [(Severity::Warning, text.to_owned())]);
    let mut said = Vec::new();
    for _ in 0..130 {
        bench.pass(1_000 * MS);
        if bench.machine.poll_metadata(bench.now).is_some() {
            let error = Error::new(ErrorKind::Unreachable, "no answer");
            bench.machine.handle_metadata_failed(bench.now, error);
        }
        said.extend(bench.notices());
    }
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].1.starts_with("the cluster cannot be reached for 60"), "{said:?}");
    assert!(said[0].1.contains(": no answer; 1 message waits"), "{said:?}");
    assert!(bench.machine.metrics().bootstrap_failures > 2);
    bench.machine.cluster.want();
    bench.pass(10_000 * MS);
    bench.describe(&[1]);
    let text = "the cluster is reached again";
    assert_eq!(bench.notices(), [(Severity::Info, text.to_owned())]);
}

#[test]
fn a_broker_that_cannot_be_connected_is_named() {
    let mut bench = Bench::ready(&[1], |_| {});
    assert_eq!(bench.notices(), [], "what is well is no news");
    bench.machine.handle_disconnected(bench.now, 1);
    for _ in 0..3 {
        let error = Error::new(ErrorKind::Unreachable, "it hangs");
        bench.machine.handle_connect_failed(bench.now, 1, error);
    }
    let text = "broker 1 cannot be reached: it hangs; trying again";
    assert_eq!(bench.notices(), [(Severity::Warning, text.to_owned())]);
    bench.machine.handle_connected(1);
    assert_eq!(bench.notices(), [(Severity::Info, "broker 1 is reached again".to_owned())]);
}

#[test]
fn debug_notices_are_detailed_but_limited() {
    let mut bench = Bench::new(|_| {});
    bench.machine.set_verbose(true);
    bench.produce("record", 0, true);
    bench.describe(&[1]);
    bench.machine.handle_connected(1);
    bench.identify();
    let request = bench.request().unwrap();
    bench.answer(&request, ErrorCode::NOT_LEADER_OR_FOLLOWER, -1);
    let said = bench.notices();
    assert!(said.iter().all(|(severity, _)| *severity == Severity::Debug), "{said:?}");
    let lines: Vec<_> = said.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(lines[..2], ["broker 1 leads partition 0 of topic \"t\"", "connected to broker 1"]);
    let retry =
        "partition 0 of topic \"t\": NOT_LEADER_OR_FOLLOWER; the batch is sent again after ";
    assert!(lines[2].starts_with(retry), "{lines:?}");
    for _ in 0..1_000 {
        bench.machine.handle_disconnected(bench.now, 1);
    }
    assert!(bench.notices().len() <= 50);
    bench.pass(1_000 * MS);
    bench.machine.handle_disconnected(bench.now, 1);
    let said = bench.notices();
    assert!(said[0].1.ends_with(" lines were left out"), "{said:?}");
    assert_eq!(said.len(), 2);
}

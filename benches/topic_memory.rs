//! Measures the memory of a producer that uses a million topics over its lifetime. Time is virtual:
//! the machine knows a thousand topics at a time and forgets idle ones. The program fails if a
//! million topics need 10 % more memory than 100,000.
//!
//!     topic_memory            the machine forgets topics that are idle for one second
//!     topic_memory SECONDS    another idle time; with 7200 it keeps all, and the program fails

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the program's only output")]

use std::env;
use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use workload::passing_topics::PassingTopics;

mod workload {
    pub(crate) mod cluster;
    pub(crate) mod passing_topics;
}

/// The numbers of topics at which memory is measured.
const POINTS: [usize; 4] = [10_000, BASE, 500_000, 1_000_000];

/// The number of topics from which on memory must not grow.
const BASE: usize = 100_000;

/// Tolerated growth in percent: the allocator keeps some pages.
const SLACK: u64 = 10;

fn main() -> ExitCode {
    let seconds = env::args().skip(1).find(|argument| argument != "--bench");
    let seconds = seconds.map_or(1, |seconds| seconds.parse().expect("seconds are a number"));
    let mut topics = PassingTopics::new(Duration::from_secs(seconds));
    let mut base = None;
    let mut last = None;
    println!("{:>9}  {:>10}  {:>12}", "topics", "in metrics", "resident KiB");
    for named in POINTS {
        topics.name(named);
        let metrics = topics.metrics();
        assert_eq!(metrics.records.acknowledged, named as u64, "totals count forgotten topics");
        last = resident_kib();
        let resident = last.map_or("unknown".to_owned(), |kib| kib.to_string());
        println!("{named:>9}  {:>10}  {resident:>12}", metrics.topics.len());
        if named == BASE {
            base = last;
        }
    }
    let (Some(base), Some(last)) = (base, last) else {
        println!("resident memory is not judged: it is read from /proc/self/status, on Linux only");
        return ExitCode::SUCCESS;
    };
    if last * 100 > base * (100 + SLACK) {
        eprintln!("memory grows with the number of topics: {base} KiB became {last} KiB");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn resident_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

//! Regression test of the machine's behavior, for 10,000 seeds and all stories. The file
//! `trace-digest` has the digests of all inputs and outputs. `make trace-digest` compares all of
//! them, `cargo test` a part. After an intended change, `make trace-digest TRACES=write` updates
//! the file. `TRACES=each` prints the digest of every seed, to find one that differs. The digests
//! include the batches' bytes, so another version of a compressor changes them.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

use super::digest::Digest;
use super::run::Run;
use super::scenario::Scenario;
use super::stories::STORIES;

const SEEDS: u64 = 10_000;
/// The number of seeds for each digest.
const SHARE: u64 = 1_000;

struct Share {
    name: String,
    seeds: std::ops::Range<u64>,
    scenario: fn(u64) -> Scenario,
}

impl Share {
    /// Returns the first `seeds` seeds of the general scenarios, and all stories.
    fn up_to(seeds: u64) -> Vec<Self> {
        let plain = (0..seeds).step_by(SHARE as usize).map(|first| {
            let seeds = first..first + SHARE;
            Self { name: format!("seeds from {first}"), seeds, scenario: Scenario::new }
        });
        let stories = STORIES.iter().map(|story| Self {
            name: story.name.to_owned(),
            seeds: 0..story.seeds,
            scenario: story.scenario,
        });
        plain.chain(stories).collect()
    }

    /// Returns one line with the digest of all seeds, or one for each seed.
    fn lines(&self, each: bool) -> String {
        let mut all = Digest::default();
        let mut lines = String::new();
        for seed in self.seeds.clone() {
            let digest = Run::new(&(self.scenario)(seed), false).outcome().digest;
            all.number(digest.value());
            if each {
                let _ = writeln!(lines, "{:016x}  {}: {seed}", digest.value(), self.name);
            }
        }
        if !each {
            let _ = writeln!(lines, "{:016x}  {}", all.value(), self.name);
        }
        lines
    }
}

fn traces(seeds: u64, each: bool) -> String {
    let shares = Share::up_to(seeds);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(share) = shares.get(number)
        {
            done.push((number, share.lines(each)));
        }
        done
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let mut lines: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no seed panics")).collect()
    });
    lines.sort();
    lines.into_iter().map(|(_, lines)| lines).collect()
}

#[test]
fn traces_are_what_they_were() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulator/trace-digest");
    let seeds = match env::var("DEKAF_TRACES").as_deref() {
        Ok("each") => return println!("{}", traces(SEEDS, true)),
        Ok("write") => {
            return fs::write(&file, traces(SEEDS, false)).expect("the file can be written");
        }
        Ok("all") => SEEDS,
        _ => SHARE,
    };
    let before = fs::read_to_string(&file).expect("the file is there");
    let before: BTreeSet<_> = before.lines().collect();
    let now = traces(seeds, false);
    let other: Vec<_> = now.lines().filter(|line| !before.contains(line)).collect();
    assert!(other.is_empty(), "not in trace-digest:\n{}", other.join("\n"));
}

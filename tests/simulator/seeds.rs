//! Seeds: many of them, each a whole story. A seed that fails prints itself;
//! `DEKAF_SEED=n cargo test --test core simulator` tells its story again, step by step.

use std::io::Write;
use std::time::{Duration, Instant};

use super::run::Run;
use super::scenario::Scenario;

/// How many seeds `cargo test` runs.
const SEEDS: u64 = 3_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

fn violations(seed: u64, traced: bool) -> (Vec<String>, Vec<String>) {
    let scenario = Scenario::new(seed);
    let told = std::panic::catch_unwind(|| Run::new(&scenario, traced).violations());
    told.unwrap_or_else(|_| (vec!["it panicked".to_owned()], Vec::new()))
}

/// `DEKAF_SEEDS` says how many, `DEKAF_FIRST_SEED` from where on, `DEKAF_SECONDS` for how long.
#[test]
fn no_seed_violates_anything() {
    if let Some(seed) = number("DEKAF_SEED") {
        return tell(seed);
    }
    let first = number("DEKAF_FIRST_SEED").unwrap_or(0);
    let count = number("DEKAF_SEEDS").unwrap_or(SEEDS);
    let limit = number("DEKAF_SECONDS").map(Duration::from_secs);
    let began = Instant::now();
    let mut ran = 0;
    for seed in first.. {
        if limit.map_or(ran >= count, |limit| began.elapsed() >= limit) {
            break;
        }
        let (violations, _) = violations(seed, false);
        assert!(
            violations.is_empty(),
            "seed {seed}, after {ran} good ones: {violations:#?}\n\
             DEKAF_SEED={seed} tells the whole story"
        );
        ran += 1;
    }
    println!("{ran} seeds in {:?}, no violation", began.elapsed());
}

fn tell(seed: u64) {
    let (violations, trace) = violations(seed, true);
    let story = format!("{:#?}\n{}\n", Scenario::new(seed), trace.join("\n"));
    std::io::stdout().write_all(story.as_bytes()).expect("somebody listens");
    assert!(violations.is_empty(), "seed {seed}: {violations:#?}");
}

#[test]
fn a_seed_tells_the_same_story_again() {
    for seed in 0..20 {
        assert_eq!(violations(seed, true), violations(seed, true), "seed {seed}");
    }
}

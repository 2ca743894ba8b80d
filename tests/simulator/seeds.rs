//! Runs of many seeds, each with a different scenario. A failing seed is printed;
//! `DEKAF_SEED=n cargo test --no-default-features --test simulator no_seed -- --nocapture` prints
//! its trace, step by step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write;
use std::time::{Duration, Instant};

use super::digest::Digest;
use super::rules::Rule;
use super::run::{Outcome, Run};
use super::scenario::Scenario;

/// The number of seeds that `cargo test` runs.
const SEEDS: u64 = 3_000;

pub(super) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

fn outcome(scenario: &Scenario, traced: bool) -> Outcome {
    let told = std::panic::catch_unwind(|| Run::new(scenario, traced).outcome());
    told.unwrap_or_else(|_| Outcome {
        violations: vec![format!("{} it panicked", Rule::Panic)],
        trace: Vec::new(),
        digest: Digest::default(),
    })
}

/// Runs one scenario for each seed until one violates a rule. Returns the violations, or the number
/// of seeds without any.
///
/// `DEKAF_SEEDS` sets the number of seeds, `DEKAF_FIRST_SEED` the first one, `DEKAF_SECONDS` a time
/// limit, and `DEKAF_RULES` the rules to check (`twice,order`; default: all). With `DEKAF_SURVEY`,
/// all seeds run, and each rule is reported with the seeds that violate it.
pub(super) fn search(seeds: u64, scenario: impl Fn(u64) -> Scenario) -> Result<u64, String> {
    let first = number("DEKAF_FIRST_SEED").unwrap_or(0);
    let count = number("DEKAF_SEEDS").unwrap_or(seeds);
    let limit = number("DEKAF_SECONDS").map(Duration::from_secs);
    let rules = std::env::var("DEKAF_RULES").ok();
    let counts = |violation: &String| {
        rules.as_ref().is_none_or(|rules| {
            rules.split(',').any(|rule| violation.starts_with(&format!("[{rule}]")))
        })
    };
    let mut survey = std::env::var_os("DEKAF_SURVEY").map(|_| Survey::default());
    let began = Instant::now();
    let mut ran = 0;
    for seed in first.. {
        if limit.map_or(ran >= count, |limit| began.elapsed() >= limit) {
            break;
        }
        let mut violations = outcome(&scenario(seed), false).violations;
        violations.retain(counts);
        if let Some(survey) = &mut survey {
            survey.add(seed, violations);
        } else if !violations.is_empty() {
            return Err(format!("seed {seed}, after {ran} good ones: {violations:#?}"));
        }
        ran += 1;
    }
    match survey {
        Some(survey) if !survey.0.is_empty() => Err(format!("of {ran} seeds: {survey}")),
        _ => Ok(ran),
    }
}

/// The seeds that violate each rule, with the first violation.
#[derive(Default)]
struct Survey(BTreeMap<String, (BTreeSet<u64>, String)>);

impl Survey {
    fn add(&mut self, seed: u64, violations: Vec<String>) {
        for violation in violations {
            let tag = violation.split(' ').next().unwrap_or_default().to_owned();
            let (seeds, _) =
                self.0.entry(tag).or_insert_with(|| (BTreeSet::new(), violation.clone()));
            seeds.insert(seed);
        }
    }
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (tag, (seeds, violation)) in &self.0 {
            let first: Vec<_> = seeds.iter().take(5).collect();
            write!(f, "\n{tag} {} seeds, such as {first:?}: {violation}", seeds.len())?;
        }
        Ok(())
    }
}

/// Prints the trace of a scenario.
pub(super) fn tell(scenario: &Scenario) {
    let Outcome { violations, trace, .. } = outcome(scenario, true);
    let story = format!("{scenario:#?}\n{}\n", trace.join("\n"));
    std::io::stdout().write_all(story.as_bytes()).expect("somebody listens");
    assert!(violations.is_empty(), "seed {}: {violations:#?}", scenario.seed);
}

#[test]
fn no_seed_violates_anything() {
    if let Some(seed) = number("DEKAF_SEED") {
        return tell(&Scenario::new(seed));
    }
    let began = Instant::now();
    match search(SEEDS, Scenario::new) {
        Ok(ran) => println!("{ran} seeds in {:?}, no violation", began.elapsed()),
        Err(wrong) => panic!("{wrong}\nDEKAF_SEED=n tells the whole story of a seed"),
    }
}

#[test]
fn a_seed_tells_the_same_story_again() {
    for seed in 0..20 {
        let again = || outcome(&Scenario::new(seed), true);
        assert_eq!(again(), again(), "seed {seed}");
    }
}

//! Stories: scenarios in which something rare happens often. Each is looked for in a few seeds by
//! `cargo test`, and by name:
//! `DEKAF_STORY="records leave together" cargo test --no-default-features --test simulator story`.
//! The variables of `seeds.rs` work here, too; with `DEKAF_SEED=n` one seed's story is told.

use std::time::Duration;

use super::cluster::{Chances, PerMille, Spread};
use super::extra::Extra;
use super::faults::Fault;
use super::scenario::Scenario;
use super::seeds::{number, search, tell};

struct Story {
    name: &'static str,
    /// How many seeds `cargo test` runs.
    seeds: u64,
    scenario: fn(u64) -> Scenario,
}

const STORIES: &[Story] = &[
    Story {
        name: "records leave together",
        seeds: 200,
        scenario: |seed| Scenario {
            extra: Extra { gathers: true, ..Extra::default() },
            ..Scenario::new(seed)
        },
    },
    Story {
        name: "a stored batch comes back again and again",
        seeds: 40,
        scenario: stored_and_refused,
    },
];

/// Connections end while the answers to several batches are on their way, so that all of them are
/// sent again although they are stored; then the broker refuses some of them, out of the blue. What
/// was stored is overtaken by other batches, until the broker has nearly forgotten it.
fn stored_and_refused(seed: u64) -> Scenario {
    let mut scenario = Scenario::plain(seed);
    scenario.config.batch_size = 100;
    scenario.config.linger = Duration::ZERO;
    scenario.cluster.brokers = 1;
    scenario.cluster.chances = Chances { corrupt: PerMille(300), ..Chances::default() };
    let (_, topic) = &mut scenario.topics[0];
    (topic.partitions, topic.replication_factor) = (1, 1);
    scenario.records = 600;
    scenario.pause = Duration::from_millis(150);
    scenario.network = Spread::millis(5, 15);
    scenario.faults = Some(Spread::millis(50, 200));
    scenario.extra.faults = vec![Fault::Cut];
    scenario.extra.no_other_faults = true;
    scenario
}

#[test]
fn no_story_violates_anything() {
    let wanted = std::env::var("DEKAF_STORY").ok();
    let is_wanted = |story: &&Story| wanted.as_ref().is_none_or(|name| story.name == name);
    let stories: Vec<_> = STORIES.iter().filter(is_wanted).collect();
    assert!(!stories.is_empty(), "there is no story {wanted:?}");
    if let (Some(seed), [story]) = (number("DEKAF_SEED"), &stories[..]) {
        return tell(&(story.scenario)(seed));
    }
    let search = |story: &&Story| {
        let wrong = search(story.seeds, story.scenario).err()?;
        Some(format!("story \"{}\": {wrong}", story.name))
    };
    let wrong: Vec<_> = stories.iter().filter_map(search).collect();
    assert!(wrong.is_empty(), "{}\nDEKAF_STORY and DEKAF_SEED tell one of them", wrong.join("\n"));
}

//! Stories: scenarios that make a rare situation frequent. `cargo test` runs a few seeds of each;
//! `DEKAF_STORY="records leave together" cargo test --no-default-features --test simulator story`
//! runs one by name. The variables of `seeds.rs` apply, too; `DEKAF_SEED=n` prints one seed's
//! trace.

use std::time::Duration;

use dekaf::config::Acks;

use super::cluster::{PerMille, Spread};
use super::extra::{Extra, Kept};
use super::faults::Fault;
use super::scenario::Scenario;
use super::seeds::{number, search, tell};

pub(super) struct Story {
    pub(super) name: &'static str,
    /// The number of seeds that `cargo test` runs.
    pub(super) seeds: u64,
    pub(super) scenario: fn(u64) -> Scenario,
}

impl Story {
    const fn new(name: &'static str, seeds: u64, scenario: fn(u64) -> Scenario) -> Self {
        Self { name, seeds, scenario }
    }
}

pub(super) const STORIES: &[Story] = &[
    Story::new("records leave together", 200, leave_together),
    Story::new("a stored batch comes back again and again", 40, stored_and_refused),
    Story::new("leaders move at once", 100, moved_at_once),
    Story::new("leaders move while replicas copy", 100, moved_while_copying),
    Story::new("the largest batch of a topic changes", 100, limited),
    Story::new("a whole has waited for room", 100, wholes_that_waited),
    Story::new("a whole is stored while older records are not", 100, overtaking),
    Story::new("a topic comes back with other partitions", 100, reshaped),
    Story::new("a topic comes back after a while", 100, back_after_a_while),
    Story::new("a topic is deleted for good", 100, deleted),
    Story::new("a topic without an id comes back", 100, without_ids),
    Story::new("records name partitions that are added", 100, added_partitions),
    Story::new("records without a key are refused", 100, keyless),
    Story::new("brokers refuse for good", 100, refused),
    Story::new("a producer id is refused for good", 100, no_producer_id),
    Story::new("the delivery timeout is the shortest limit", 100, short_delivery),
    Story::new("everything is purged now and then", 100, purged),
    Story::new("the producer is closed while it is busy", 100, closed),
    Story::new("logins are refused", 200, logins_refused),
    Story::new("logins end", 200, logins_end),
    Story::new("unused topics are forgotten and come back", 200, forgotten),
    Story::new("topics are asked about in pages", 100, in_pages),
    Story::new("a producer names more than a thousand topics", 2, thousand),
];

/// All-or-nothing batches among records that are handed over in groups.
fn leave_together(seed: u64) -> Scenario {
    let extra = Extra { groups_records: true, ..Extra::default() };
    Scenario { extra, ..Scenario::new(seed) }
}

/// Connections break while the answers to several stored batches are in transit, so all of them are
/// retried. The broker then rejects some of the retries at random. Later batches overtake the
/// stored ones until the broker has nearly forgotten those.
fn stored_and_refused(seed: u64) -> Scenario {
    let mut scenario = with_faults(seed, Spread::millis(50, 200), &[Fault::Cut]);
    scenario.config.batch_size = 100;
    scenario.config.linger = Duration::ZERO;
    scenario.cluster.brokers = 1;
    scenario.cluster.chances.corrupt = PerMille(300);
    let (_, topic) = &mut scenario.topics[0];
    (topic.partitions, topic.replication_factor) = (1, 1);
    scenario.records = 600;
    scenario.pause = Duration::from_millis(150);
    scenario.network = Spread::millis(5, 15);
    scenario
}

/// Leaders move while the first batches are in transit: the new leaders do not know the producer.
fn moved_at_once(seed: u64) -> Scenario {
    let mut scenario = with_faults(seed, Spread::millis(2, 40), &[Fault::MoveLeader]);
    scenario.cluster.brokers = 3;
    let (_, topic) = &mut scenario.topics[0];
    (topic.partitions, topic.replication_factor) = (8, 3);
    scenario.config.batch_size = 100;
    scenario.config.linger = Duration::ZERO;
    scenario.network = Spread::millis(5, 60);
    scenario.records = 80;
    scenario.pause = Duration::from_millis(30);
    scenario
}

/// Leaders hang or step down before their replicas have copied their records. The records fail soon
/// after, without certainty whether they are stored.
fn moved_while_copying(seed: u64) -> Scenario {
    let faults = &[Fault::MoveLeader, Fault::MoveLeader, Fault::Pause, Fault::Recover];
    let mut scenario = with_faults(seed, Spread::millis(10, 100), faults);
    scenario.cluster.brokers = 3;
    scenario.topics[0].1.replication_factor = 3;
    scenario.config.batch_size = 200;
    scenario.config.delivery_timeout = Duration::from_millis(300);
    scenario.cluster.replication = Spread::millis(20, 100);
    scenario.network = Spread::millis(0, 40);
    scenario.purges = true;
    scenario
}

/// Batches must be split, or may not be: some are already stored when the topic's size limit
/// shrinks, and some are all-or-nothing.
fn limited(seed: u64) -> Scenario {
    let faults = &[Fault::LimitSize, Fault::Cut];
    let mut scenario = with_faults(seed, Spread::millis(20, 300), faults);
    scenario.config.batch_size = 2_000;
    scenario.config.linger = Duration::from_millis(20);
    scenario.largest_value = 300;
    scenario.network = Spread::millis(0, 20);
    scenario.extra.groups_records = seed.is_multiple_of(2);
    scenario
}

/// Brokers hang for longer than the delivery timeout. Some of the records are all-or-nothing
/// batches that had to wait before.
fn wholes_that_waited(seed: u64) -> Scenario {
    let faults = &[Fault::Pause, Fault::Recover];
    let mut scenario = with_faults(seed, Spread::millis(100, 2_000), faults);
    (scenario.cluster.brokers, scenario.topics[0].1.replication_factor) = (1, 1);
    scenario.config.delivery_timeout = Duration::from_secs(1);
    scenario.records = 600;
    scenario.extra.groups_records = true;
    scenario.extra.batches_wait_for_memory = true;
    scenario
}

/// Batches are stored before older ones that are rejected. All-or-nothing batches may have less
/// time left than the batches before them.
fn overtaking(seed: u64) -> Scenario {
    let mut scenario = Scenario::plain(seed);
    (scenario.cluster.brokers, scenario.topics[0].1.replication_factor) = (1, 1);
    scenario.topics[0].1.partitions = 1;
    scenario.cluster.chances.corrupt = PerMille(700);
    scenario.config.idempotence = false;
    scenario.config.allow_reordering = true;
    scenario.config.delivery_timeout = Duration::from_secs(1);
    scenario.extra.groups_records = true;
    scenario.extra.batches_wait_for_memory = true;
    scenario
}

fn reshaped(seed: u64) -> Scenario {
    with_faults(seed, Spread::millis(100, 1_000), &[Fault::Reshape])
}

fn back_after_a_while(seed: u64) -> Scenario {
    with_faults(seed, Spread::millis(100, 1_000), &[Fault::DeleteForAWhile, Fault::Cut])
}

fn deleted(seed: u64) -> Scenario {
    with_faults(seed, Spread::millis(100, 2_000), &[Fault::Delete])
}

/// Two topics of the same name differ only in their partitions.
fn without_ids(seed: u64) -> Scenario {
    let faults = &[Fault::Reshape, Fault::DeleteForAWhile, Fault::Cut];
    let mut scenario = with_faults(seed, Spread::millis(100, 1_000), faults);
    scenario.cluster.topic_ids = false;
    scenario.by_id = false;
    scenario
}

fn added_partitions(seed: u64) -> Scenario {
    let mut scenario = with_faults(seed, Spread::millis(100, 600), &[Fault::Grow]);
    scenario.extra.unknown_partitions = true;
    scenario
}

/// Some batches are already stored when their topic starts to reject them.
fn keyless(seed: u64) -> Scenario {
    let mut scenario = with_faults(seed, Spread::millis(50, 500), &[Fault::Compact, Fault::Cut]);
    scenario.extra.groups_records = seed.is_multiple_of(2);
    scenario.topics[0].1.log.compacted = seed.is_multiple_of(3);
    scenario
}

fn refused(seed: u64) -> Scenario {
    let mut scenario = Scenario::plain(seed);
    scenario.cluster.chances.refused = PerMille(50);
    scenario
}

/// A producer id is requested after the last epoch, or while there is none yet.
fn no_producer_id(seed: u64) -> Scenario {
    let mut scenario = Scenario::plain(seed);
    scenario.cluster.chances.producer_id_refused = PerMille(400);
    scenario.cluster.chances.no_producer_id = PerMille(300);
    scenario.cluster.chances.refused = PerMille(20);
    scenario
}

/// Topics are reported as unknown and brokers hang, while the delivery timeout is shorter than the
/// timeouts for both.
fn short_delivery(seed: u64) -> Scenario {
    let faults = &[Fault::Hide, Fault::Pause, Fault::Recover];
    let mut scenario = with_faults(seed, Spread::millis(50, 500), faults);
    scenario.config.delivery_timeout = Duration::from_millis(600);
    scenario.config.metadata_timeout = Duration::from_secs(1);
    scenario.cluster.metadata_lag = Spread::millis(500, 1_500);
    scenario
}

fn purged(seed: u64) -> Scenario {
    let mut scenario = short_of_memory(seed);
    scenario.purges = true;
    scenario.extra.kept = Kept::one_of(&mut Extra::generator(seed));
    scenario
}

fn closed(seed: u64) -> Scenario {
    let mut scenario = short_of_memory(seed);
    scenario.extra.closes_after = Some(scenario.records / 2);
    scenario
}

/// Connections break, records wait for memory, and batches are rejected with retriable errors.
fn short_of_memory(seed: u64) -> Scenario {
    let mut scenario = with_faults(seed, Spread::millis(50, 500), &[Fault::Cut, Fault::Hide]);
    scenario.config.buffer_memory = 3_000;
    scenario.config.batch_size = 300;
    scenario.cluster.chances.storage_error = PerMille(100);
    scenario.records = 300;
    scenario
}

/// Connections break, and brokers refuse new logins for longer or shorter than the delivery
/// timeout. In two of three seeds they also refuse the first logins.
fn logins_refused(seed: u64) -> Scenario {
    let faults = &[Fault::RefuseLogins, Fault::Cut, Fault::Cut, Fault::MoveLeader];
    let mut scenario = with_faults(seed, Spread::millis(100, 3_000), faults);
    scenario.extra.refuses_logins = Duration::from_millis(seed % 3 * 700);
    scenario.config.delivery_timeout = Duration::from_secs(1 + seed % 7 * 3);
    scenario
}

/// Connections renew their logins or close, while leaders move and brokers hang. A third of the
/// seeds are not idempotent, half of those with `acks=0`.
fn logins_end(seed: u64) -> Scenario {
    let faults = &[Fault::MoveLeader, Fault::Cut, Fault::Pause, Fault::Recover];
    let mut scenario = with_faults(seed, Spread::millis(200, 3_000), faults);
    scenario.extra.logins_last = Some(Spread::millis(20, 50 + seed % 10 * 100));
    scenario.extra.groups_records = seed.is_multiple_of(2);
    scenario.network = Spread::millis(0, 40);
    if seed.is_multiple_of(3) {
        scenario.config.idempotence = false;
        scenario.config.acks = if seed.is_multiple_of(2) { Acks::None } else { Acks::Leader };
    }
    scenario
}

/// Topics are forgotten between two records, while leaders move, connections break, and producer
/// epochs run out.
fn forgotten(seed: u64) -> Scenario {
    let faults = &[Fault::MoveLeader, Fault::Cut, Fault::Pause, Fault::Recover];
    let mut scenario = with_faults(seed, Spread::millis(50, 1_000), faults);
    scenario.cluster.brokers = 3;
    scenario.cluster.first_epoch = i16::MAX - (seed % 8) as i16;
    let (_, topic) = &mut scenario.topics[0];
    topic.replication_factor = 3;
    let topic = *topic;
    scenario.topics = (0..4).map(|n| (format!("topic-{n}"), topic)).collect();
    scenario.config.metadata_max_idle = Duration::from_millis(20 + seed % 100);
    scenario.pause = Duration::from_millis(400);
    scenario
}

/// Metadata is requested in pages of a few topics, which change between the pages.
fn in_pages(seed: u64) -> Scenario {
    let faults = &[Fault::MoveLeader, Fault::Cut, Fault::DeleteForAWhile, Fault::Hide];
    let mut scenario = with_faults(seed, Spread::millis(50, 1_000), faults);
    scenario.cluster.brokers = 3;
    let (_, topic) = &mut scenario.topics[0];
    topic.replication_factor = 3;
    let topic = *topic;
    scenario.topics = (0..12).map(|n| (format!("topic-{n}"), topic)).collect();
    scenario.config.metadata_page = 4 + (seed % 5) as usize;
    scenario.config.metadata_max_age = Duration::from_millis(500);
    if seed.is_multiple_of(2) {
        scenario.config.metadata_max_idle = Duration::from_secs(1);
    }
    scenario
}

/// The topics do not fit one metadata request of the usual size.
fn thousand(seed: u64) -> Scenario {
    let mut scenario = with_faults(seed, Spread::millis(500, 2_000), &[Fault::Cut]);
    scenario.cluster.brokers = 1;
    let (_, topic) = &mut scenario.topics[0];
    (topic.partitions, topic.replication_factor) = (1, 1);
    let topic = *topic;
    scenario.topics = (0..1_200).map(|n| (format!("topic-{n}"), topic)).collect();
    scenario.config.metadata_max_age = Duration::from_secs(1);
    scenario.records = 3_000;
    scenario.pause = Duration::from_millis(20);
    scenario
}

/// A plain scenario with these faults, in which several batches may be in flight.
fn with_faults(seed: u64, pause: Spread, faults: &[Fault]) -> Scenario {
    let mut scenario = Scenario::plain(seed);
    scenario.records = 250;
    scenario.pause = Duration::from_millis(100);
    scenario.faults = Some(pause);
    scenario.extra.faults = faults.to_vec();
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

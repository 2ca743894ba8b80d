//! How a simulated cluster is made, and how often what goes wrong.

use std::time::Duration;

use dekaf::broker::log::LogConfig;
use dekaf::random::Random;

/// So many times in a thousand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PerMille(pub(crate) u32);

impl PerMille {
    /// Asks the generator only where there is a choice, so that a fault that is switched off
    /// does not change all others.
    pub(crate) fn happens(self, random: &mut Random) -> bool {
        self.0 > 0 && random.below(1000) < u64::from(self.0)
    }
}

/// A duration between two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spread {
    pub(crate) least: Duration,
    pub(crate) most: Duration,
}

impl Spread {
    pub(crate) const fn millis(least: u64, most: u64) -> Self {
        Self { least: Duration::from_millis(least), most: Duration::from_millis(most) }
    }

    pub(crate) fn sample(self, random: &mut Random) -> Duration {
        let width = self.most.saturating_sub(self.least).as_micros() as u64;
        self.least + Duration::from_micros(random.below(width + 1))
    }
}

/// A cluster's settings.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) brokers: i32,
    /// One way between two brokers: a follower has a batch after one, its leader knows after two.
    pub(crate) replication: Spread,
    /// From a decision of the controller until a broker knows it.
    pub(crate) metadata_lag: Spread,
    /// From a broker's silence until the controller fences it (`broker.session.timeout.ms`).
    pub(crate) detection: Spread,
    /// How long a broker that was restarted takes to serve again.
    pub(crate) startup: Spread,
    /// `replica.lag.time.max.ms`.
    pub(crate) replica_lag_max: Duration,
    /// Whether a restarted broker has its producers from a snapshot, and so of each the last
    /// batch alone. A retry of an older one is then out of order although it is stored.
    pub(crate) restarts_from_snapshots: bool,
    /// Partitions of a topic that is created because somebody asked for it; `None` creates none.
    pub(crate) auto_create: Option<i32>,
    /// Whether brokers give topics ids, as from Kafka 2.8 on.
    pub(crate) topic_ids: bool,
    /// The epoch that a new producer gets. Kafka gives 0; anything else is for tests of the epochs'
    /// end.
    pub(crate) first_epoch: i16,
    pub(crate) chances: Chances,
    /// When the brokers' clocks begin, in milliseconds since 1970.
    pub(crate) epoch_ms: i64,
}

impl Default for Settings {
    /// Three quick and healthy brokers.
    fn default() -> Self {
        Self {
            brokers: 3,
            replication: Spread::millis(1, 5),
            metadata_lag: Spread::millis(1, 50),
            detection: Spread::millis(3000, 9000),
            startup: Spread::millis(500, 3000),
            replica_lag_max: Duration::from_secs(10),
            restarts_from_snapshots: false,
            auto_create: None,
            topic_ids: true,
            first_epoch: 0,
            chances: Chances::default(),
            epoch_ms: 1_700_000_000_000,
        }
    }
}

/// How often brokers do what nobody asked them to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chances {
    /// A batch arrives with a bit flipped: `CORRUPT_MESSAGE`.
    pub(crate) corrupt: PerMille,
    /// `KAFKA_STORAGE_ERROR` out of the blue, with nothing stored.
    pub(crate) storage_error: PerMille,
    /// A batch is refused for good, for a reason that is not in the batch.
    pub(crate) refused: PerMille,
    /// `InitProducerId` fails for a reason that passes.
    pub(crate) no_producer_id: PerMille,
    /// `InitProducerId` is refused for good.
    pub(crate) producer_id_refused: PerMille,
    /// A response asks the client to be silent for a while.
    pub(crate) throttle: PerMille,
    /// For how long.
    pub(crate) throttle_time: Spread,
    /// `NOT_LEADER_OR_FOLLOWER` comes with the leader that the broker knows (KIP-951).
    pub(crate) leader_hint: PerMille,
}

impl Default for Chances {
    /// None, except that leaders are always hinted at.
    fn default() -> Self {
        Self {
            corrupt: PerMille(0),
            storage_error: PerMille(0),
            refused: PerMille(0),
            no_producer_id: PerMille(0),
            producer_id_refused: PerMille(0),
            throttle: PerMille(0),
            throttle_time: Spread::millis(1, 500),
            leader_hint: PerMille(1000),
        }
    }
}

/// A topic's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TopicSettings {
    pub(crate) partitions: i32,
    /// The broker that leads partition 0 at first; the next one leads partition 1, and so on.
    pub(crate) first_leader: i32,
    pub(crate) replication_factor: usize,
    /// `min.insync.replicas`.
    pub(crate) min_isr: usize,
    pub(crate) log: LogConfig,
}

impl Default for TopicSettings {
    fn default() -> Self {
        Self {
            partitions: 1,
            first_leader: 0,
            replication_factor: 3,
            min_isr: 2,
            log: LogConfig::default(),
        }
    }
}

//! Settings of a simulated cluster, and the probabilities of its faults.

use std::time::Duration;

use dekaf::broker::log::LogConfig;
use dekaf::random::Random;

/// A probability in thousandths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PerMille(pub(crate) u32);

impl PerMille {
    /// Returns a random outcome. A probability of 0 does not consume a random number, so that a
    /// disabled fault does not change the rest of the run.
    pub(crate) fn happens(self, random: &mut Random) -> bool {
        self.0 > 0 && random.below(1000) < u64::from(self.0)
    }
}

/// A range of durations.
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

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) brokers: i32,
    /// The one-way delay between brokers: a follower has a batch after one, the leader knows it
    /// after two.
    pub(crate) replication: Spread,
    /// The delay from a decision of the controller until a broker learns of it.
    pub(crate) metadata_lag: Spread,
    /// The time from a broker's silence until the controller fences it
    /// (`broker.session.timeout.ms`).
    pub(crate) detection: Spread,
    /// How long a restarted broker takes until it serves again.
    pub(crate) startup: Spread,
    /// `replica.lag.time.max.ms`.
    pub(crate) replica_lag_max: Duration,
    /// Whether a restarted broker loads producer states from a snapshot, which has only the last
    /// batch of each. A retry of an older batch is then out of order although it is stored.
    pub(crate) restarts_from_snapshots: bool,
    /// The number of partitions of auto-created topics; `None` disables auto-creation.
    pub(crate) auto_create: Option<i32>,
    /// Whether topics have ids, as since Kafka 2.8.
    pub(crate) topic_ids: bool,
    /// The epoch of a new producer. Kafka starts at 0; other values test the end of the epoch
    /// range.
    pub(crate) first_epoch: i16,
    pub(crate) chances: Chances,
    /// The initial time of the brokers' clocks, in milliseconds since 1970.
    pub(crate) epoch_ms: i64,
}

impl Default for Settings {
    /// Three fast and healthy brokers.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chances {
    /// A batch arrives with a flipped bit: `CORRUPT_MESSAGE`.
    pub(crate) corrupt: PerMille,
    /// `KAFKA_STORAGE_ERROR` without a cause; nothing is stored.
    pub(crate) storage_error: PerMille,
    /// A batch is rejected with an error that is not retriable and not caused by the batch.
    pub(crate) refused: PerMille,
    /// `InitProducerId` fails with a retriable error.
    pub(crate) no_producer_id: PerMille,
    /// `InitProducerId` fails with an error that is not retriable.
    pub(crate) producer_id_refused: PerMille,
    /// A response has a throttle time.
    pub(crate) throttle: PerMille,
    pub(crate) throttle_time: Spread,
    /// `NOT_LEADER_OR_FOLLOWER` names the leader that the broker knows (KIP-951).
    pub(crate) leader_hint: PerMille,
}

impl Default for Chances {
    /// No faults; leader hints are always sent.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TopicSettings {
    pub(crate) partitions: i32,
    /// The first leader of partition 0. The next broker leads partition 1, and so on.
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

//! The scenario of a seed: the producer's config, the cluster, the workload and the faults.

use std::time::Duration;

use dekaf::config::{Acks, Codec, Compression, Config, Partitioner};
use dekaf::random::Random;

use super::cluster::{Chances, PerMille, Settings, Spread, TopicSettings};
use super::extra::Extra;

#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) config: Config,
    pub(crate) cluster: Settings,
    pub(crate) topics: Vec<(String, TopicSettings)>,
    /// The number of records, and the longest pause between two bursts of them.
    pub(crate) records: u64,
    pub(crate) pause: Duration,
    pub(crate) largest_value: u64,
    /// The one-way delay between client and broker.
    pub(crate) network: Spread,
    /// The time between two faults; `None` disables them.
    pub(crate) faults: Option<Spread>,
    /// Whether topics are deleted and recreated, which loses their records.
    pub(crate) recreates: bool,
    pub(crate) purges: bool,
    /// Whether produce requests identify topics by id, as from version 13 on.
    pub(crate) by_id: bool,
    pub(crate) extra: Extra,
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

impl Scenario {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut one_in = |n: u64| random.below(n) == 0;
        let (recreates, purges, faultless, small_memory, gapless) =
            (one_in(12), one_in(8), one_in(20), one_in(3), one_in(16));
        let config = config(&mut random, small_memory, gapless);
        let brokers = 1 + random.below(4) as i32;
        let replicas = (1 + random.below(brokers as u64)) as usize;
        let chance = |random: &mut Random, most: u64| {
            PerMille(if random.below(2) == 0 { 0 } else { random.below(most + 1) as u32 })
        };
        let cluster = Settings {
            brokers,
            replication: Spread::millis(0, 1 + random.below(20)),
            metadata_lag: Spread::millis(0, 1 + random.below(500)),
            detection: Spread::millis(200, 300 + random.below(3_000)),
            startup: Spread::millis(100, 200 + random.below(2_000)),
            chances: Chances {
                corrupt: chance(&mut random, 120),
                storage_error: chance(&mut random, 20),
                no_producer_id: chance(&mut random, 500),
                throttle: chance(&mut random, 50),
                leader_hint: PerMille(random.below(1_001) as u32),
                ..Chances::default()
            },
            ..Settings::default()
        };
        let topics = (0..=random.below(2)).map(|n| {
            let settings = TopicSettings {
                partitions: 1 + random.below(4) as i32,
                replication_factor: replicas,
                min_isr: 1 + random.below(replicas as u64) as usize,
                ..TopicSettings::default()
            };
            (format!("topic-{n}"), settings)
        });
        let topics = topics.collect();
        let mut scenario = Self {
            seed,
            config,
            cluster,
            topics,
            records: 20 + random.below(300),
            pause: ms(1 + random.below(100)),
            largest_value: 8 + random.below(600),
            network: Spread::millis(0, 1 + random.below(30)),
            faults: (!faultless).then(|| Spread::millis(1, 100 + random.below(1_500))),
            recreates,
            purges,
            by_id: random.below(2) == 0,
            extra: Extra::default(),
        };
        if random.below(6) == 0 {
            scenario.config.partitioner = Partitioner::Caller;
        }
        scenario.extend(&mut Extra::generator(seed));
        scenario
    }

    /// A healthy cluster and a producer with common settings, as the base of stories.
    pub(crate) fn plain(seed: u64) -> Self {
        let mut random = Extra::generator(seed);
        let mut config = Config::new("simulated:9092").expect("it is an address");
        config.linger = ms(random.below(10));
        config.request_timeout = ms(1_000 + random.below(2_000));
        config.delivery_timeout = config.linger + config.request_timeout + ms(random.below(20_000));
        config.metadata_timeout = ms(500 + random.below(3_000));
        config.retry_backoff = ms(10 + random.below(50));
        config.retry_backoff_max = config.retry_backoff * 10;
        let brokers = 1 + random.below(3) as i32;
        let cluster = Settings {
            brokers,
            metadata_lag: Spread::millis(0, 1 + random.below(100)),
            ..Settings::default()
        };
        let topic = TopicSettings {
            partitions: 1 + random.below(3) as i32,
            replication_factor: brokers as usize,
            min_isr: 1,
            ..TopicSettings::default()
        };
        Self {
            seed,
            config,
            cluster,
            topics: vec![("topic-0".to_owned(), topic)],
            records: 100 + random.below(100),
            pause: ms(1 + random.below(50)),
            largest_value: 100,
            network: Spread::millis(0, 1 + random.below(10)),
            faults: None,
            recreates: false,
            purges: false,
            by_id: random.below(2) == 0,
            extra: Extra::default(),
        }
    }

    /// Returns whether brokers detect duplicates, so that nothing may be stored twice.
    pub(crate) fn exactly_once(&self) -> bool {
        self.config.idempotence && self.ordered()
    }

    /// Returns whether each partition keeps the caller's order. A producer that names topics does
    /// not immediately notice a recreated topic, whose log accepts whichever batch comes first.
    pub(crate) fn ordered(&self) -> bool {
        !self.config.allow_reordering && (self.by_id || !self.deletes_topics())
    }

    /// Returns whether acknowledged records survive the loss of a leader.
    pub(crate) fn durable(&self) -> bool {
        self.config.acks == Acks::All && !self.deletes_topics()
    }
}

fn config(random: &mut Random, small_memory: bool, gapless: bool) -> Config {
    let mut config = Config::new("simulated:9092").expect("it is an address");
    config.linger = ms(random.below(30));
    config.batch_size = 100 + random.below(700) as usize;
    config.max_request_size = 2_000 + random.below(20_000) as usize;
    config.request_timeout = ms(500 + random.below(8_000));
    let patience = [1_500, 60_000, 60_000][random.below(3) as usize];
    config.delivery_timeout = config.linger + config.request_timeout + ms(random.below(patience));
    config.metadata_timeout = ms(500 + random.below(10_000));
    config.retry_backoff = ms(10 + random.below(200));
    config.retry_backoff_max = config.retry_backoff * 10;
    config.metadata_max_age = ms(1_000 + random.below(300_000));
    if small_memory {
        config.buffer_memory = 2_500 + random.below(20_000) as usize;
    }
    if random.below(4) == 0 {
        let codec = Codec::ALL[random.below(Codec::ALL.len() as u64) as usize];
        config.compression = Compression::new(codec, None).expect("each has a default");
    }
    config.gapless = gapless;
    if random.below(4) == 0 {
        // Sequence numbers soon wrap to 0.
        config.first_sequence = i32::MAX - random.below(200) as i32;
    }
    config.partitioner =
        [Partitioner::Java, Partitioner::Crc32, Partitioner::RoundRobin, Partitioner::Random]
            [random.below(4) as usize];
    match random.below(8) {
        0 => {
            config.acks = Acks::Leader;
            config.idempotence = false;
        }
        1 => {
            config.acks = Acks::None;
            config.idempotence = false;
        }
        2 => config.idempotence = false,
        _ => config.max_in_flight = 1 + random.below(5) as usize,
    }
    config
}

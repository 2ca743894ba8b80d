//! Later additions to scenarios. They use a separate generator: with all of them off, a seed still
//! produces its original run.

use std::time::Duration;

use dekaf::producer::Purge;
use dekaf::random::Random;

use super::cluster::{PerMille, Spread};
use super::faults::Fault;
use super::scenario::Scenario;

/// Separates this generator from the others of the same seed.
const APART: u64 = 0x0dd5_eed5_0a9a_3761;

/// Additional behavior of a scenario; by default none.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the options are independent")]
pub(crate) struct Extra {
    /// Records are appended in groups that are sent together, some as all-or-nothing batches.
    pub(crate) groups_records: bool,
    /// An all-or-nothing batch may have waited for memory before it is appended; its delivery
    /// timeout includes that wait.
    pub(crate) batches_wait_for_memory: bool,
    /// Some records name new partitions that the producer does not know yet, or that do not exist.
    pub(crate) unknown_partitions: bool,
    /// Some records are larger than the maximum request size.
    pub(crate) oversized_records: bool,
    /// The caller occasionally requests metadata for the whole cluster.
    pub(crate) describes: bool,
    pub(crate) kept: Kept,
    /// The number of records after which the caller closes the producer.
    pub(crate) closes_after: Option<u64>,
    /// How long brokers initially refuse logins.
    pub(crate) refuses_logins: Duration,
    /// How long logins are valid; `None` means forever.
    pub(crate) logins_last: Option<Spread>,
    /// Faults in addition to those of every scenario.
    pub(crate) faults: Vec<Fault>,
    /// Whether the usual faults are disabled.
    pub(crate) no_other_faults: bool,
}

/// The records that a purge keeps.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Kept {
    #[default]
    Nothing,
    Queued,
    InFlight,
}

impl Kept {
    const ALL: [Self; 3] = [Self::Nothing, Self::Queued, Self::InFlight];

    pub(crate) fn one_of(random: &mut Random) -> Self {
        Self::ALL[random.below(Self::ALL.len() as u64) as usize]
    }

    pub(crate) fn purge(self) -> Purge {
        match self {
            Self::Nothing => Purge::ALL,
            Self::Queued => Purge { in_queue: false, in_flight: true },
            Self::InFlight => Purge { in_queue: true, in_flight: false },
        }
    }
}

impl Extra {
    pub(crate) fn generator(seed: u64) -> Random {
        Random::new(seed ^ APART)
    }
}

impl Scenario {
    /// Draws the additional behavior from its generator.
    pub(super) fn extend(&mut self, random: &mut Random) {
        self.extra.groups_records = random.below(4) == 0;
        if random.below(2) == 0 {
            // Half of all seeds have no other additions.
            return;
        }
        let mut one_in = |n| random.below(n) == 0;
        let faults = [
            (Fault::Reshape, 4),
            (Fault::Delete, 6),
            (Fault::DeleteForAWhile, 6),
            (Fault::Grow, 4),
            (Fault::Compact, 6),
        ];
        let faults = faults.into_iter().filter(|(_, n)| one_in(*n)).map(|(fault, _)| fault);
        self.extra.faults = faults.collect();
        self.extra.batches_wait_for_memory = one_in(2);
        self.extra.unknown_partitions = one_in(3);
        self.extra.oversized_records = one_in(4);
        self.cluster.topic_ids = !one_in(6);
        self.by_id &= self.cluster.topic_ids;
        let (compacted, closes, refuses, refuses_ids) =
            (one_in(6), one_in(8), one_in(6), one_in(12));
        if compacted {
            for (_, topic) in &mut self.topics {
                topic.log.compacted = random.below(2) == 0;
            }
        }
        if closes {
            self.extra.closes_after = Some(random.below(self.records));
        }
        if refuses {
            self.cluster.chances.refused = PerMille(random.below(60) as u32);
        }
        if refuses_ids {
            self.cluster.chances.producer_id_refused = PerMille(random.below(500) as u32);
        }
        self.extra.describes = random.below(4) == 0;
        self.extra.kept = Kept::one_of(random);
        if random.below(4) == 0 {
            self.extra.logins_last = Some(Spread::millis(50, 100 + random.below(3_000)));
        }
    }

    /// Returns whether a topic may reject records without a key.
    pub(super) fn refuses_keyless(&self) -> bool {
        self.topics.iter().any(|(_, topic)| topic.log.compacted)
            || self.extra.faults.contains(&Fault::Compact)
    }

    pub(super) fn deletes_topics(&self) -> bool {
        self.recreates || self.extra.faults.iter().any(|fault| fault.deletes())
    }
}

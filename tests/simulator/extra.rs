//! What came later to scenarios than the rest. It is drawn from a generator of its own: where all
//! of it is off, a seed keeps the story that it had before.

use std::time::Duration;

use dekaf::producer::Purge;
use dekaf::random::Random;

use super::cluster::{PerMille, Spread};
use super::faults::Fault;
use super::scenario::Scenario;

/// Keeps this generator apart from the others of the same seed.
const APART: u64 = 0x0dd5_eed5_0a9a_3761;

/// What a scenario has beyond the rest. By default, nothing.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub(crate) struct Extra {
    /// Records are handed over in groups that leave together, and as wholes.
    pub(crate) gathers: bool,
    /// A whole may have waited for room before it is handed over: its time counts since then.
    pub(crate) wholes_wait: bool,
    /// Records name partitions that were added since the producer asked, or that do not exist.
    pub(crate) strays: bool,
    /// Some records are larger than a request may be.
    pub(crate) oversizes: bool,
    /// The caller asks for the whole cluster now and then.
    pub(crate) describes: bool,
    /// What a purge keeps; by default, nothing.
    pub(crate) kept: Kept,
    /// After how many records the caller closes the producer.
    pub(crate) closes_after: Option<u64>,
    /// How long brokers refuse logins at first.
    pub(crate) refuses_logins: Duration,
    /// How long logins last; `None` is without end.
    pub(crate) logins_last: Option<Spread>,
    /// Faults beside those that every scenario has.
    pub(crate) faults: Vec<Fault>,
    /// Whether the others do not happen.
    pub(crate) no_other_faults: bool,
}

/// What a purge keeps.
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
    /// The generator for a seed's extras.
    pub(crate) fn generator(seed: u64) -> Random {
        Random::new(seed ^ APART)
    }
}

impl Scenario {
    /// Adds what the generator for extras says.
    pub(super) fn extend(&mut self, random: &mut Random) {
        self.extra.gathers = random.below(4) == 0;
        if random.below(2) == 0 {
            // Half of all seeds have nothing else.
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
        self.extra.wholes_wait = one_in(2);
        self.extra.strays = one_in(3);
        self.extra.oversizes = one_in(4);
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

    /// Whether a topic may refuse records without a key.
    pub(super) fn refuses_keyless(&self) -> bool {
        self.topics.iter().any(|(_, topic)| topic.log.compacted)
            || self.extra.faults.contains(&Fault::Compact)
    }

    /// Whether topics are deleted.
    pub(super) fn deletes_topics(&self) -> bool {
        self.recreates || self.extra.faults.iter().any(|fault| fault.deletes())
    }
}

//! What came later to scenarios than the rest. It is drawn from a generator of its own: where all
//! of it is off, a seed keeps the story that it had before.

use dekaf::producer::Random;

use super::faults::Fault;

/// Keeps this generator apart from the others of the same seed.
const APART: u64 = 0x0dd5_eed5_0a9a_3761;

/// What a scenario has beyond the rest. By default, nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extra {
    /// Records are handed over in groups that leave together, and as wholes.
    pub(crate) gathers: bool,
    /// Faults beside those that every scenario has.
    pub(crate) faults: Vec<Fault>,
    /// Whether the others do not happen.
    pub(crate) no_other_faults: bool,
}

impl Extra {
    /// The generator for a seed's extras.
    pub(crate) fn generator(seed: u64) -> Random {
        Random::new(seed ^ APART)
    }

    pub(crate) fn draw(random: &mut Random) -> Self {
        Self { gathers: random.below(4) == 0, ..Self::default() }
    }
}

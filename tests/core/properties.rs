//! The configuration of property tests: fixed cases, unless the environment sets others, and no
//! files of past failures.

use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

/// The default of `PROPTEST_CASES`.
const USUAL_CASES: u32 = 256;

/// Returns a configuration for `cases` cases; `PROPTEST_CASES=2560` runs ten times as many.
pub(crate) fn config(cases: u32) -> Config {
    let asked = Config::default();
    let rng_seed = match asked.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1),
        fixed @ RngSeed::Fixed(_) => fixed,
    };
    let cases = (cases * asked.cases).div_ceil(USUAL_CASES);
    Config { cases, rng_seed, failure_persistence: None, ..asked }
}

/// Runs a property outside `proptest!`, for tests that loop over versions. A failure names `what`.
#[track_caller]
pub(crate) fn check<S: Strategy>(
    cases: u32,
    what: &str,
    values: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) where
    S::Value: Debug,
{
    if let Err(failure) = TestRunner::new(config(cases)).run(values, property) {
        panic!("{what}: {failure}");
    }
}

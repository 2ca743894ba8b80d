//! Randomness.

use std::hash::{BuildHasher, RandomState};

/// Returns a number that differs between producers, so that they choose different partitions.
pub(crate) fn seed() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

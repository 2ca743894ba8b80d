//! Tests of the core's lower layers from outside: imports, varints, messages and record batches
//! against an independent implementation, and hostile bytes. Cases are generated from a fixed seed;
//! `PROPTEST_CASES` and `PROPTEST_RNG_SEED` change that.

mod compression;
mod fuzz_seeds;
mod golden_batches;
mod hostile;
mod layers;
mod properties;
mod protocol;
mod record;
mod split;
mod varint;

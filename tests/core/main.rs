//! The core's lower layers, judged from outside: who may import whom, varints, messages and
//! record batches against an independent implementation, and what hostile bytes can do. Cases
//! are generated from a fixed seed; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` search further.

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

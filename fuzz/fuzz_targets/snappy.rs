//! Snappy's decompressor: whatever comes, never more than its limit.
#![no_main]

use dekaf::record::Codec;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| dekaf_fuzz::decompress(Codec::Snappy, data));

//! Gzip's decompressor: the output never exceeds the limit.
#![no_main]

use dekaf::record::Codec;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| dekaf_fuzz::decompress(Codec::Gzip, data));

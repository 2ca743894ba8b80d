//! What a peer can do with bytes alone: no decoder panics on any of them, and none allocates
//! more than a small multiple of what is there, whatever lengths are announced.
//!
//! The multiple: the smallest thing that is counted is a record's header with an empty name and
//! a null value, two bytes that become 56. While a `Vec` of them grows, its old and its new
//! half stand side by side, three times what it holds: 84. Small arrays have room for four.

mod codecs;
mod decoders;
mod lengths;
mod memory;
mod mutations;

use bytes::Bytes;
use proptest::test_runner::TestCaseError;

const MULTIPLE: usize = 96;
const SMALL: usize = 1024;

/// Fails if `decode` takes more memory than it may for these bytes.
fn stays_small<T>(bytes: &Bytes, decode: impl FnOnce(&Bytes) -> T) -> Result<T, TestCaseError> {
    let (result, peak) = memory::peak(|| decode(bytes));
    let bound = MULTIPLE * bytes.len() + SMALL;
    if peak > bound {
        let reason = format!("{} bytes took {peak}, more than {bound}", bytes.len());
        return Err(TestCaseError::fail(reason));
    }
    Ok(result)
}

//! Tests of decoders with hostile bytes: none panics, and none allocates more than a small multiple
//! of the input, whatever lengths it announces.

mod bounds;
mod codecs;
mod decoders;
mod lengths;
mod memory;
mod mutations;

use bytes::Bytes;
use proptest::test_runner::TestCaseError;

/// Fails if `decode` takes more memory than allowed for these bytes.
fn stays_small<T>(bytes: &Bytes, decode: impl FnOnce(&Bytes) -> T) -> Result<T, TestCaseError> {
    let (result, peak) = memory::peak(|| decode(bytes));
    let bound = bounds::decoding(bytes.len());
    if peak > bound {
        let reason = format!("{} bytes took {peak}, more than {bound}", bytes.len());
        return Err(TestCaseError::fail(reason));
    }
    Ok(result)
}

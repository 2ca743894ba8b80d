//! The output buffer of a decompressor.

use std::collections::TryReserveError;

/// Extends the output by `size` zeros, which the caller overwrites.
pub(super) fn lengthen(output: &mut Vec<u8>, size: usize) -> Result<(), TryReserveError> {
    output.try_reserve(size)?;
    output.resize(output.len() + size, 0);
    Ok(())
}

/// Returns the initial size of the output where a codec does not announce it reliably: the announced
/// size, up to a good compression ratio. A codec that needs more doubles it, so the buffer is never
/// more than twice the real output.
pub(super) fn first_guess(compressed: usize, announced: Option<u64>, limit: usize) -> usize {
    const GOOD_RATIO: usize = 16;
    let plausible = compressed.saturating_mul(GOOD_RATIO).min(limit);
    announced.map_or(plausible, |size| plausible.min(usize::try_from(size).unwrap_or(usize::MAX)))
}

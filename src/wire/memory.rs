//! Memory for bytes, as much as a message may have: the process may have none.

use std::collections::TryReserveError;

/// Empty memory for so many bytes.
pub fn reserved(capacity: usize) -> Result<Vec<u8>, TryReserveError> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(capacity)?;
    Ok(memory)
}

/// A copy, which takes no more memory than its bytes.
pub fn copied(bytes: &[u8]) -> Result<Vec<u8>, TryReserveError> {
    let mut copy = reserved(bytes.len())?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

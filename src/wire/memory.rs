//! Buffers that report an allocation failure: messages can be larger than the memory that is left.

use std::collections::TryReserveError;

/// Allocates an empty buffer of `capacity` bytes.
pub fn reserved(capacity: usize) -> Result<Vec<u8>, TryReserveError> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(capacity)?;
    Ok(memory)
}

/// Copies `bytes` into a buffer of exactly their size.
pub fn copied(bytes: &[u8]) -> Result<Vec<u8>, TryReserveError> {
    let mut copy = reserved(bytes.len())?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

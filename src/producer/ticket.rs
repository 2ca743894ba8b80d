//! The order in which records were handed over.

/// Grows with every batch and every record that waits: a smaller ticket was handed over earlier.
pub type Ticket = u64;

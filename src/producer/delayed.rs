//! A record that waits before it can be appended to a batch.

use std::time::Instant;

use super::haste::Haste;
use super::owned::OwnedRecord;
use super::ticket::Ticket;

/// A record's topic, partition, urgency and deadline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) topic: usize,
    pub(super) partition: Option<i32>,
    /// Set if the record had to wait.
    pub(super) ticket: Option<Ticket>,
    pub(super) haste: Haste,
    pub(super) deadline: Instant,
}

/// A record that waits for memory, for its topic or for its partition.
#[derive(Debug)]
pub(super) struct Delayed<W> {
    pub(super) target: Target,
    pub(super) record: OwnedRecord,
    pub(super) waiter: Option<W>,
    /// Time at which the record fails if it still waits.
    pub(super) until: Instant,
    pub(super) charged: usize,
    /// Number of metadata questions asked before the record waited.
    pub(super) asked_before: u64,
}

//! A record that waits before it can go into a batch, and where it is to go.

use std::time::Instant;

use super::haste::Haste;
use super::owned::OwnedRecord;
use super::ticket::Ticket;

/// Where a record is to go, how soon, and until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) topic: usize,
    pub(super) partition: Option<i32>,
    /// Given before, if the record had to wait.
    pub(super) ticket: Option<Ticket>,
    pub(super) haste: Haste,
    pub(super) deadline: Instant,
}

/// A record that waits.
#[derive(Debug)]
pub(super) struct Delayed<W> {
    pub(super) target: Target,
    pub(super) record: OwnedRecord,
    pub(super) waiter: Option<W>,
    /// When the waiting is over.
    pub(super) until: Instant,
    pub(super) charged: usize,
    /// How many questions had been asked about the cluster before it waited.
    pub(super) asked_before: u64,
}

//! What the core hands out: settled records, settled calls and lines for the log.

use crate::producer::{Notice, Settled};

/// Where settled records and calls go. Called on the core's thread, without any lock held.
pub trait Sink<W>: Send + Sync + 'static {
    /// Takes what was settled in one turn.
    fn settle(&self, settled: Vec<Settled<W>>);

    /// Takes a line for the log.
    fn note(&self, notice: Notice);

    /// Takes the last that was settled. Nothing comes after it.
    fn end(self, settled: Vec<Settled<W>>);

    /// Somebody is to ask [`Client::next_to_place`](super::Client::next_to_place), until that returns nothing.
    fn ask_where(&self);

    /// Makes of one who waits for several records one who waits for all but the first so many.
    fn rest(waiter: &W, but: i32) -> W;
}

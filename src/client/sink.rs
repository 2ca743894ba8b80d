//! What the core hands out: settled records, settled calls and lines for the log.

use crate::net::ProgramRequest;
use crate::producer::{Notice, Settled};

/// Where settled records and calls go. Called on the core's thread, without any lock held.
pub trait Sink<W>: Send + Sync + 'static {
    /// Takes what was settled in one turn.
    fn settle(&self, settled: Vec<Settled<W>>);

    /// Takes a line for the log.
    fn note(&self, notice: Notice);

    /// Takes what was settled last. No call follows it.
    fn end(self, settled: Vec<Settled<W>>);

    /// Requests calls of [`Client::next_to_place`](super::Client::next_to_place) until it returns
    /// `None`.
    fn ask_where(&self);

    /// Takes a request for a password, a token or PEM, which a connection needs. It is answered
    /// later, by any thread.
    fn provide(&self, request: ProgramRequest);

    /// Makes a waiter for all but the first `but` records of `waiter`.
    fn rest(waiter: &W, but: i32) -> W;
}

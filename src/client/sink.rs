//! The receiver of the core's output: settled records, settled calls and log lines.

use crate::net::ProgramRequest;
use crate::producer::{Notice, Settled};

/// Receives settled records and calls. Called on the core thread, with no lock held.
pub trait Sink<W>: Send + Sync + 'static {
    /// Receives everything that was settled in one turn.
    fn settle(&self, settled: Vec<Settled<W>>);

    /// Receives a line for the log.
    fn note(&self, notice: Notice);

    /// Receives everything that was settled last. No call follows it.
    fn end(self, settled: Vec<Settled<W>>);

    /// Requests calls of [`Client::next_to_place`](super::Client::next_to_place) until it returns
    /// `None`.
    fn ask_where(&self);

    /// Receives a connection's request for a password, a token or PEM. Any thread may answer it
    /// later.
    fn provide(&self, request: ProgramRequest);

    /// Returns a waiter for all records of `waiter` except the first `but`.
    fn rest(waiter: &W, but: i32) -> W;
}

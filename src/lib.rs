//! dekaf, the Kafka producer for Python: the map of its modules.
//!
//! A module may use only the modules above it; `tests/core/layers.rs` holds this. Nothing up
//! to and including [`producer`] knows Tokio, sockets, clocks or `PyO3`: time and randomness
//! are arguments. `ARCHITECTURE.md` tells the way of a record and of a result through them.

#[cfg(test)]
mod scarce;

pub mod random;

pub mod config;
pub mod error;

pub mod wire;

pub mod protocol;

pub mod record;

pub mod sasl;

pub mod cluster;

pub mod producer;

pub mod tls;

pub mod net;

pub mod client;

pub mod broker;

#[cfg(feature = "python")]
mod py;

//! dekaf, a Kafka producer for Python: the Rust core.
//!
//! A module may use only the modules declared above it; `tests/core/layers.rs` checks this.
//! [`producer`] and everything above it use no Tokio, sockets, clocks or `PyO3`: time and
//! randomness are arguments. `ARCHITECTURE.md` describes how a record and its result pass through
//! the modules.

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

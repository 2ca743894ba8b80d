//! SASL mechanisms as state machines, for clients and servers.
//!
//! There are no sockets and no randomness: nonces are arguments. PBKDF2 is a value ([`Derivation`])
//! that the caller runs where it blocks nothing else.

mod bearer;
mod by_password;
mod client;
mod keys;
mod messages;
mod names;
mod next;
mod plain;
mod refusal;
mod scram;
mod server;
mod token;

#[cfg(test)]
mod tests;

pub use bearer::OAUTHBEARER;
pub use client::Client;
pub use keys::{Derivation, KeyCache, Keys};
pub use next::Next;
pub use refusal::is_for_now;
pub use server::{
    Accepted, Accounts, Known, Server, ServerMechanism, ServerNext, invalid_credentials,
};
pub use token::Token;

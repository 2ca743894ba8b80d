//! TLS: verifies brokers, presents the client certificate, and explains failed handshakes.
//!
//! [`ClientTls`] is loaded once, from files or the system's store. It creates one [`Session`] for
//! each connection. The session records what happens in the handshake, to explain a failure.
//! Nothing here does network I/O or depends on Tokio.

mod algorithm;
mod certificate;
mod client;
mod der;
mod distinguished_name;
mod ec_key;
mod encrypted_key;
mod explain;
mod format;
mod identity;
mod key_log;
mod notes;
mod pem;
mod resolver;
mod roots;
mod server_name;
mod session;
mod source;
mod stamp;
mod text;
mod verifier;

#[cfg(test)]
mod tests;

pub use client::ClientTls;
pub use session::Session;
pub use stamp::Stamp;

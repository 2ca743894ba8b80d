//! TLS: which brokers are trusted, who the client is, and why a handshake failed.
//!
//! [`ClientTls`] is loaded once, from files or the system's store. Each connection takes a
//! [`Session`] of it, which takes notes during the handshake and explains a failure by them.
//! Nothing here does network I/O or knows Tokio.

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

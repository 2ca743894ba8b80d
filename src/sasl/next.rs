//! What follows a message of the server.

use zeroize::Zeroizing;

use super::keys::Derivation;

/// What follows a message of the server.
#[derive(Debug)]
pub enum Next {
    /// This is to be sent.
    Send(Zeroizing<Vec<u8>>),
    /// These keys are needed: see [`Client::derived`](super::Client::derived).
    Derive(Derivation),
    /// The login has succeeded.
    Done,
}

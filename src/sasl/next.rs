//! What a client must do after a message of the server.

use zeroize::Zeroizing;

use super::keys::Derivation;

/// The next step of a login.
#[derive(Debug)]
pub enum Next {
    /// Send this message.
    Send(Zeroizing<Vec<u8>>),
    /// Derive these keys: see [`Client::derived`](super::Client::derived).
    Derive(Derivation),
    /// The login has succeeded.
    Done,
}

//! PLAIN (RFC 4616), the client's side: the password, in one message.

use zeroize::Zeroizing;

use crate::config::Secret;
use crate::error::{Error, ErrorKind, Result};

/// Refuses characters that the message cannot contain.
pub(super) fn check(user: &str, password: &Secret) -> Result<()> {
    for (name, text) in [("user", user), ("password", password.reveal())] {
        if text.contains('\0') {
            let message = format!("{name}: a NUL cannot be sent by PLAIN");
            return Err(Error::new(ErrorKind::Authentication, message));
        }
    }
    Ok(())
}

/// Returns the client's only message. Kafka accepts no authorization id but the user's own.
pub(super) fn message(user: &str, password: &Secret) -> Zeroizing<Vec<u8>> {
    let password = password.reveal();
    let mut message = Zeroizing::new(Vec::with_capacity(user.len() + password.len() + 2));
    for part in [user, password] {
        message.push(0);
        message.extend_from_slice(part.as_bytes());
    }
    message
}

//! PLAIN (RFC 4616): the password itself, in one message.

use zeroize::Zeroizing;

use crate::config::Secret;
use crate::error::{Error, ErrorKind, Result};

/// The client's only message. Kafka wants no authorization id, or the user's.
pub(super) fn message(user: &str, password: &Secret) -> Result<Zeroizing<Vec<u8>>> {
    let password = password.reveal();
    for (name, text) in [("user", user), ("password", password)] {
        if text.contains('\0') {
            let message = format!("{name}: a NUL cannot be sent by PLAIN");
            return Err(Error::new(ErrorKind::Authentication, message));
        }
    }
    let mut message = Zeroizing::new(Vec::with_capacity(user.len() + password.len() + 2));
    for part in ["", user, password].into_iter().enumerate() {
        if part.0 > 0 {
            message.push(0);
        }
        message.extend_from_slice(part.1.as_bytes());
    }
    Ok(message)
}

/// The user and the password in a client's message.
pub(super) fn read(message: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(message).ok()?;
    let mut parts = text.split('\0');
    let (authorization, user, password) = (parts.next()?, parts.next()?, parts.next()?);
    let is_whole = parts.next().is_none() && !user.is_empty();
    (is_whole && (authorization.is_empty() || authorization == user)).then_some((user, password))
}

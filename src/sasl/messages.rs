//! The syntax of SCRAM's messages: `a=value` fields, separated by commas.

use crate::error::{Error, ErrorKind};

/// Maximum size of a message. Longer ones are refused.
const LONGEST: usize = 4096;

/// The error of a message that is not valid SCRAM.
pub(super) fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Protocol, format!("the peer's SCRAM message is malformed: {what}"))
}

/// Decodes a message as UTF-8.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Error> {
    if bytes.len() > LONGEST {
        return Err(malformed(&format!("it has {} bytes", bytes.len())));
    }
    std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))
}

/// Takes the first field off a message, and returns its value. The field must have this name.
pub(super) fn take<'a>(message: &mut &'a str, name: char) -> Result<&'a str, Error> {
    let (field, rest) = message.split_once(',').unwrap_or((*message, ""));
    let value = field.strip_prefix(name).and_then(|field| field.strip_prefix('='));
    *message = rest;
    value.ok_or_else(|| malformed(&format!("the field {name}= is missing")))
}

/// Escapes a user's name.
pub(super) fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// Unescapes a user's name. `None` if it is not escaped correctly.
pub(super) fn unescape(field: &str) -> Option<String> {
    let name = field.replace("=2C", ",").replace("=3D", "=");
    (escape(&name) == field).then_some(name)
}

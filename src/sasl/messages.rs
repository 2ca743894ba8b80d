//! SCRAM's messages, as both sides read them: `a=value` fields, separated by commas.

use crate::error::{Error, ErrorKind};

/// More than any message that makes sense; the rest is not looked at.
const LONGEST: usize = 4096;

/// A message that is not SCRAM's.
pub(super) fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Protocol, format!("the peer's SCRAM message is malformed: {what}"))
}

/// The message as text.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Error> {
    if bytes.len() > LONGEST {
        return Err(malformed(&format!("it has {} bytes", bytes.len())));
    }
    std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))
}

/// Takes the value of the first field, which must have this name, off a message.
pub(super) fn take<'a>(message: &mut &'a str, name: char) -> Result<&'a str, Error> {
    let (field, rest) = message.split_once(',').unwrap_or((*message, ""));
    let value = field.strip_prefix(name).and_then(|field| field.strip_prefix('='));
    *message = rest;
    value.ok_or_else(|| malformed(&format!("the field {name}= is missing")))
}

/// A user's name as a field.
pub(super) fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// The name in a field; `None` if it is not escaped.
pub(super) fn unescape(field: &str) -> Option<String> {
    let name = field.replace("=2C", ",").replace("=3D", "=");
    (escape(&name) == field).then_some(name)
}

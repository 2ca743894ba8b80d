//! Reads DER from untrusted bytes. Malformed input yields `None` and never panics.

use pkcs8::der::asn1::{AnyRef, GeneralizedTime, ObjectIdentifier, UtcTime};
use pkcs8::der::{Decode, Encode, Reader, SliceReader, Tag};
use std::time::SystemTime;

/// Splits a concatenation of DER values.
pub(super) fn values(bytes: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let mut values = Vec::new();
    while !reader.is_finished() {
        values.push(AnyRef::decode(&mut reader).ok()?);
    }
    Some(values)
}

/// Returns the values inside a sequence or a set.
pub(super) fn members(value: AnyRef<'_>) -> Option<Vec<AnyRef<'_>>> {
    matches!(tag(value), Tag::Sequence | Tag::Set).then(|| values(value.value()))?
}

/// Returns the values inside the sequence that `bytes` start with; ignores trailing bytes.
pub(super) fn sequence(bytes: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    let mut reader = SliceReader::new(bytes).ok()?;
    let first = AnyRef::decode(&mut reader).ok()?;
    (tag(first) == Tag::Sequence).then(|| values(first.value()))?
}

pub(super) fn tag(value: AnyRef<'_>) -> Tag {
    value.header().tag()
}

/// Returns the number of a context-specific tag.
pub(super) fn context(value: AnyRef<'_>) -> Option<u32> {
    match tag(value) {
        Tag::ContextSpecific { number, .. } => Some(number.0),
        _ => None,
    }
}

pub(super) fn identifier(value: AnyRef<'_>) -> Option<ObjectIdentifier> {
    value.decode_as().ok()
}

pub(super) fn algorithm(value: AnyRef<'_>) -> Option<ObjectIdentifier> {
    identifier(*members(value)?.first()?)
}

pub(super) fn time(value: AnyRef<'_>) -> Option<SystemTime> {
    match tag(value) {
        Tag::UtcTime => Some(value.decode_as::<UtcTime>().ok()?.to_system_time()),
        _ => Some(value.decode_as::<GeneralizedTime>().ok()?.to_system_time()),
    }
}

/// Returns the bytes of a bit string; `None` if its length is not a multiple of 8 bits.
pub(super) fn bits(value: AnyRef<'_>) -> Option<&[u8]> {
    let (unused, bytes) = value.value().split_first()?;
    (tag(value) == Tag::BitString && *unused == 0).then_some(bytes)
}

pub(super) fn integer_bits(value: AnyRef<'_>) -> Option<usize> {
    let bytes = value.value();
    let first = bytes.iter().position(|byte| *byte != 0)?;
    let zeros = bytes[first].leading_zeros() as usize;
    (tag(value) == Tag::Integer).then(|| (bytes.len() - first) * 8 - zeros)
}

/// Encodes a value with its tag and length.
pub(super) fn encoded(value: AnyRef<'_>) -> Option<Vec<u8>> {
    value.to_der().ok()
}

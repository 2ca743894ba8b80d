//! Arbitrary values for the fields of messages.

use std::collections::BTreeMap;

use bytes::Bytes;
use dekaf::error::ErrorCode;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// A field that exists from version `first` on, and is `absent` before.
pub(crate) fn since<S: Strategy + 'static>(
    version: i16,
    first: i16,
    absent: S::Value,
    present: S,
) -> BoxedStrategy<S::Value>
where
    S::Value: Clone,
{
    if version >= first { present.boxed() } else { Just(absent).boxed() }
}

/// Short, empty and foreign texts, and now and then one whose compact length takes two bytes.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![9 => ".{0,8}", 1 => "[a-z]{126,130}"]
}

pub(crate) fn nullable_text() -> impl Strategy<Value = Option<String>> {
    prop::option::of(text())
}

pub(crate) fn blob() -> impl Strategy<Value = Bytes> {
    prop_oneof![9 => vec(any::<u8>(), 0..20), 1 => vec(any::<u8>(), 120..300)].prop_map(Bytes::from)
}

pub(crate) fn error_code() -> impl Strategy<Value = ErrorCode> {
    any::<i16>().prop_map(ErrorCode)
}

/// Tagged fields that no version of the messages we speak defines.
pub(crate) type Unknown = BTreeMap<i32, Bytes>;

pub(crate) fn unknown() -> impl Strategy<Value = Unknown> {
    // Tags above 127 take two bytes.
    btree_map(100..1000, blob(), 0..3)
}

//! Arbitrary values for the fields of messages.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::Bytes;
use dekaf::error::ErrorCode;
use dekaf::protocol::SaslBytes;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// Generates values of a field, or of a message with the fields of a version.
pub(crate) trait Values: Sized + 'static {
    fn values(version: i16) -> BoxedStrategy<Self>;
}

macro_rules! plain_values {
    ($($type:ty: $strategy:expr;)*) => {$(
        impl Values for $type {
            fn values(_: i16) -> BoxedStrategy<Self> {
                $strategy.boxed()
            }
        }
    )*};
}

plain_values! {
    bool: any::<bool>();
    i8: any::<i8>();
    i16: any::<i16>();
    i32: any::<i32>();
    i64: any::<i64>();
    u128: any::<u128>();
    ErrorCode: any::<i16>().prop_map(ErrorCode);
    Bytes: blob();
    SaslBytes: blob().prop_map(SaslBytes);
    String: text();
}

impl<T: Values + Debug> Values for Vec<T> {
    fn values(version: i16) -> BoxedStrategy<Self> {
        vec(T::values(version), 0..4).boxed()
    }
}

impl<T: Values + Debug> Values for Option<T> {
    fn values(version: i16) -> BoxedStrategy<Self> {
        nullable(true, version)
    }
}

/// Generates a field that is nullable in some versions only.
pub(crate) fn nullable<T>(null: bool, version: i16) -> BoxedStrategy<Option<T>>
where
    T: Values + Debug,
{
    let values = T::values(version);
    if null { prop::option::of(values).boxed() } else { values.prop_map(Some).boxed() }
}

/// Generates a tagged field. The oracle treats a default value as absent.
pub(crate) fn tagged<T>(version: i16) -> BoxedStrategy<Option<T>>
where
    T: Values + Debug + Default + PartialEq,
{
    let other = |value: &T| *value != T::default();
    Option::values(version).prop_map(move |value| value.filter(other)).boxed()
}

/// Sets a field of generated messages to these values, if the version has the field.
pub(crate) fn with<M, T>(
    messages: BoxedStrategy<M>,
    exists: bool,
    values: BoxedStrategy<T>,
    set: impl Fn(&mut M, T) + 'static,
) -> BoxedStrategy<M>
where
    M: Debug + 'static,
    T: Debug + 'static,
{
    if !exists {
        return messages;
    }
    let with = move |(mut message, value)| {
        set(&mut message, value);
        message
    };
    (messages, values).prop_map(with).boxed()
}

/// Short, empty and non-ASCII strings, and some with a compact length of two bytes.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![9 => ".{0,8}", 1 => "[a-z]{126,130}"]
}

pub(crate) fn nullable_text() -> impl Strategy<Value = Option<String>> {
    prop::option::of(text())
}

pub(crate) fn blob() -> impl Strategy<Value = Bytes> {
    prop_oneof![9 => vec(any::<u8>(), 0..20), 1 => vec(any::<u8>(), 120..300)].prop_map(Bytes::from)
}

/// Tagged fields that no supported version defines.
pub(crate) type Unknown = BTreeMap<i32, Bytes>;

pub(crate) fn unknown() -> impl Strategy<Value = Unknown> {
    // Tags above 127 take two bytes.
    btree_map(100..1000, blob(), 0..3)
}

//! Descriptions of messages for the tests: arbitrary values for the fields of a version, and the
//! conversion to the oracle's type.

use std::fmt::Debug;

use bytes::Bytes;
use dekaf::error::ErrorCode;
use dekaf::protocol::SaslBytes;
use kafka_protocol::messages::{BrokerId, GroupId, ProducerId, TopicName, TransactionalId};
use kafka_protocol::protocol::StrBytes;

use super::values::Unknown;

/// Converts a value to the oracle's type in a version. Each nested structure gets the `unknown`
/// tagged fields.
pub(crate) trait ToOracle<Oracle> {
    fn to_oracle(&self, version: i16, unknown: &Unknown) -> Oracle;
}

macro_rules! plain_oracle_types {
    ($($ours:ty => $oracle:ty: |$value:ident| $convert:expr;)*) => {$(
        impl ToOracle<$oracle> for $ours {
            fn to_oracle(&self, _: i16, _: &Unknown) -> $oracle {
                let $value = self;
                $convert
            }
        }
    )*};
}

plain_oracle_types! {
    bool => bool: |value| *value;
    i8 => i8: |value| *value;
    i16 => i16: |value| *value;
    i32 => i32: |value| *value;
    i64 => i64: |value| *value;
    i32 => BrokerId: |value| (*value).into();
    i64 => ProducerId: |value| (*value).into();
    ErrorCode => i16: |value| value.0;
    Bytes => Bytes: |value| value.clone();
    SaslBytes => Bytes: |value| value.0.clone();
    String => StrBytes: |value| StrBytes::from_string(value.clone());
    String => TopicName: |value| StrBytes::from_string(value.clone()).into();
    String => GroupId: |value| StrBytes::from_string(value.clone()).into();
    String => TransactionalId: |value| StrBytes::from_string(value.clone()).into();
}

/// The oracle's UUID type, whose crate is not a dependency of these tests.
impl<U: TryFrom<Vec<u8>, Error: Debug>> ToOracle<U> for u128 {
    fn to_oracle(&self, _: i16, _: &Unknown) -> U {
        self.to_be_bytes().to_vec().try_into().expect("sixteen bytes")
    }
}

impl<T, U: ToOracle<T>> ToOracle<Vec<T>> for Vec<U> {
    fn to_oracle(&self, version: i16, unknown: &Unknown) -> Vec<T> {
        self.iter().map(|item| item.to_oracle(version, unknown)).collect()
    }
}

impl<T, U: ToOracle<T>> ToOracle<Option<T>> for Option<U> {
    fn to_oracle(&self, version: i16, unknown: &Unknown) -> Option<T> {
        self.as_ref().map(|value| value.to_oracle(version, unknown))
    }
}

/// Lists a message's fields by the oracle's names. Versions are given for fields that not all
/// versions have, and for fields that are nullable in some versions only. `tagged` fields come
/// last. A message without flexible versions is `without(tags)`: the oracle's type has no field for
/// them.
macro_rules! oracle_types {
    (
        $ours:ident = $oracle:path {
            $( $field:ident
                $(in $versions:expr)?
                $(, null in $nullable:expr)?
                $(, as $name:ident)?; )*
        } $( tagged {
            $( $tag:ident in $tag_versions:expr; )*
        } )? $( without($tags:ident) )? $( unlike($other:ident) $unlike:expr )?
    ) => {
        impl $crate::protocol::values::Values for $ours {
            fn values(_version: i16) -> proptest::strategy::BoxedStrategy<Self> {
                use proptest::strategy::{Just, Strategy};

                let message = Just(Self::default()).boxed();
                $(
                    let values =
                        $crate::protocol::oracle_types::strategy!(_version $(, null in $nullable)?);
                    let message = $crate::protocol::values::with(
                        message,
                        true $(&& ($versions).contains(&_version))?,
                        values,
                        |message: &mut Self, value| message.$field = value,
                    );
                )*
                $( $(
                    let values = $crate::protocol::values::tagged(_version);
                    let message = $crate::protocol::values::with(
                        message,
                        ($tag_versions).contains(&_version),
                        values,
                        |message: &mut Self, value| message.$tag = value,
                    );
                )* )?
                message
            }
        }

        $crate::protocol::oracle_types::oracle_type! {
            $ours = $oracle {
                $( $field $(in $versions)? $(, null in $nullable)? $(, as $name)?; )*
            } $( tagged {
                $( $tag in $tag_versions; )*
            } )? $( without($tags) )? $( unlike($other) $unlike )?
        }
    };
}

/// The oracle's part of `oracle_types!`, for a message that has several types in the oracle.
macro_rules! oracle_type {
    (
        $ours:ident = $oracle:path {
            $( $field:ident
                $(in $versions:expr)?
                $(, null in $nullable:expr)?
                $(, as $name:ident)?; )*
        } $( tagged {
            $( $tag:ident in $tag_versions:expr; )*
        } )? $( without($tags:ident) )? $( unlike($other:ident) $unlike:expr )?
    ) => {
        impl $crate::protocol::oracle_types::ToOracle<$oracle> for $ours {
            fn to_oracle(
                &self,
                version: i16,
                unknown: &$crate::protocol::values::Unknown,
            ) -> $oracle {
                let mut oracle = <$oracle>::default();
                // A field that the version lacks keeps the oracle's default, which is not null even
                // for nullable fields.
                $( if true $(&& ($versions).contains(&version))? {
                    $crate::protocol::oracle_types::oracle_field!(oracle, $field $(, as $name)?) =
                        self.$field.to_oracle(version, unknown);
                } )*
                $( $(
                    let value: Option<_> = self.$tag.to_oracle(version, unknown);
                    oracle.$tag = value.unwrap_or_default();
                )* )?
                $crate::protocol::oracle_types::set_unknown!(oracle, unknown $(, without $tags)?);
                $(
                    // Tagged fields that Kafka defines and dekaf ignores.
                    if !unknown.is_empty() {
                        let $other = &mut oracle;
                        $unlike
                    }
                )?
                oracle
            }
        }
    };
}

macro_rules! strategy {
    ($version:expr) => {
        $crate::protocol::values::Values::values($version)
    };
    ($version:expr, null in $nullable:expr) => {
        $crate::protocol::values::nullable(($nullable).contains(&$version), $version)
    };
}

macro_rules! oracle_field {
    ($oracle:ident, $field:ident) => {
        $oracle.$field
    };
    ($oracle:ident, $field:ident, as $name:ident) => {
        $oracle.$name
    };
}

/// Sets unknown tagged fields, if the oracle's type can hold them.
macro_rules! set_unknown {
    ($oracle:ident, $unknown:ident) => {
        $oracle.unknown_tagged_fields.clone_from($unknown)
    };
    ($oracle:ident, $unknown:ident, without tags) => {
        assert!($unknown.is_empty(), "no version is flexible")
    };
}

/// Tests every version of a request and its response, whose names are the same in the oracle.
macro_rules! agree {
    ($request:ident, $response:ident) => {
        impl $crate::protocol::oracle::Message for $request {
            type Oracle = kafka_protocol::messages::$request;
        }

        impl $crate::protocol::oracle::Message for $response {
            type Oracle = kafka_protocol::messages::$response;
        }

        #[test]
        fn requests_agree_with_the_oracle() {
            $crate::protocol::oracle::requests_agree::<$request>();
        }

        #[test]
        fn responses_agree_with_the_oracle() {
            $crate::protocol::oracle::responses_agree::<$request>();
        }
    };
}

pub(crate) use {agree, oracle_field, oracle_type, oracle_types, set_unknown, strategy};

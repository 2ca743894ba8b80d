//! The `message!` macro, which generates the encoding and decoding of a message for every version.
//! It takes the fields in wire order, each with its type, default and versions.
//!
//! Decoders never allocate more than a small multiple of the input's size.

use bytes::Bytes;

use crate::error::ErrorCode;
use crate::wire::{Malformed, Reader, Writer};

/// A message's version, and whether it has compact lengths and tagged fields (KIP-482).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    pub number: i16,
    pub flexible: bool,
}

/// A value that a message can contain.
pub trait Field: Sized {
    fn encode(&self, out: &mut Writer, version: Version);
    fn decode(input: &mut Reader<'_>, version: Version) -> Result<Self, Malformed>;
}

macro_rules! integer_fields {
    ($($type:ident),*) => {$(
        impl Field for $type {
            fn encode(&self, out: &mut Writer, _: Version) {
                out.$type(*self);
            }
            fn decode(input: &mut Reader<'_>, _: Version) -> Result<Self, Malformed> {
                input.$type()
            }
        }
    )*};
}

// `u128` is a UUID.
integer_fields!(i8, i16, i32, i64, u128);

impl Field for bool {
    fn encode(&self, out: &mut Writer, _: Version) {
        out.i8(i8::from(*self));
    }
    fn decode(input: &mut Reader<'_>, _: Version) -> Result<Self, Malformed> {
        input.i8().map(|byte| byte != 0)
    }
}

impl Field for ErrorCode {
    fn encode(&self, out: &mut Writer, _: Version) {
        out.i16(self.0);
    }
    fn decode(input: &mut Reader<'_>, _: Version) -> Result<Self, Malformed> {
        input.i16().map(Self)
    }
}

/// Appends a length, or −1 for `None`. Compact lengths are stored plus one, and `None` as 0.
fn encode_length(out: &mut Writer, version: Version, length: Option<usize>, wide: bool) {
    if version.flexible {
        out.uvarint(length.map_or(0, |length| length as u32 + 1));
    } else if wide {
        out.i32(length.map_or(-1, |length| length as i32));
    } else {
        out.i16(length.map_or(-1, |length| length as i16));
    }
}

fn decode_length(
    input: &mut Reader<'_>,
    version: Version,
    wide: bool,
) -> Result<Option<usize>, Malformed> {
    let length = if version.flexible {
        i64::from(input.uvarint()?) - 1
    } else if wide {
        i64::from(input.i32()?)
    } else {
        i64::from(input.i16()?)
    };
    match usize::try_from(length) {
        // Compact strings keep the limit of the old encoding, so that every version can encode
        // them.
        Ok(length) if !wide && length > i16::MAX as usize => Err(Malformed::Length),
        // Every counted element takes at least one byte.
        Ok(length) if length <= input.remaining() => Ok(Some(length)),
        Err(_) if length == -1 => Ok(None),
        _ => Err(Malformed::Length),
    }
}

impl Field for Option<String> {
    fn encode(&self, out: &mut Writer, version: Version) {
        encode_length(out, version, self.as_ref().map(String::len), false);
        out.raw(self.as_deref().unwrap_or_default().as_bytes());
    }
    fn decode(input: &mut Reader<'_>, version: Version) -> Result<Self, Malformed> {
        decode_length(input, version, false)?.map(|length| input.text(length)).transpose()
    }
}

impl Field for Option<Bytes> {
    fn encode(&self, out: &mut Writer, version: Version) {
        encode_length(out, version, self.as_ref().map(Bytes::len), true);
        out.raw(self.as_deref().unwrap_or_default());
    }
    fn decode(input: &mut Reader<'_>, version: Version) -> Result<Self, Malformed> {
        decode_length(input, version, true)?.map(|length| input.bytes(length)).transpose()
    }
}

impl<T: Field> Field for Option<Vec<T>> {
    fn encode(&self, out: &mut Writer, version: Version) {
        encode_length(out, version, self.as_ref().map(Vec::len), true);
        for item in self.iter().flatten() {
            item.encode(out, version);
        }
    }
    fn decode(input: &mut Reader<'_>, version: Version) -> Result<Self, Malformed> {
        // Do not reserve memory for the count: grow only as elements are decoded.
        decode_length(input, version, true)?
            .map(|length| (0..length).map(|_| T::decode(input, version)).collect())
            .transpose()
    }
}

/// Implements the non-nullable types as the nullable ones without null.
macro_rules! never_null {
    ($([$($generics:tt)*] $type:ty),*) => {$(
        impl<$($generics)*> Field for $type {
            fn encode(&self, out: &mut Writer, version: Version) {
                <Self as Present>::encode(self, out, version);
            }
            fn decode(input: &mut Reader<'_>, version: Version) -> Result<Self, Malformed> {
                Option::<Self>::decode(input, version)?.ok_or(Malformed::Length)
            }
        }
    )*};
}

/// Encodes a non-null value without wrapping it in an `Option` first.
trait Present {
    fn encode(&self, out: &mut Writer, version: Version);
}

impl Present for String {
    fn encode(&self, out: &mut Writer, version: Version) {
        encode_length(out, version, Some(self.len()), false);
        out.raw(self.as_bytes());
    }
}

impl Present for Bytes {
    fn encode(&self, out: &mut Writer, version: Version) {
        encode_length(out, version, Some(self.len()), true);
        out.raw(self);
    }
}

impl<T: Field> Present for Vec<T> {
    fn encode(&self, out: &mut Writer, version: Version) {
        encode_length(out, version, Some(self.len()), true);
        for item in self {
            item.encode(out, version);
        }
    }
}

never_null!([] String, [] Bytes, [T: Field] Vec<T>);

/// Reads tagged fields. `known` is called for each and ignores unknown tags.
pub(super) fn decode_tagged(
    input: &mut Reader<'_>,
    mut known: impl FnMut(u32, &mut Reader<'_>) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    for _ in 0..input.uvarint()? {
        let tag = input.uvarint()?;
        let size = input.uvarint()? as usize;
        let value = input.bytes(size)?;
        known(tag, &mut Reader::new(&value))?;
    }
    Ok(())
}

pub(super) fn encode_tagged(out: &mut Writer, tag: u32, value: &impl Field, version: Version) {
    let mut inner = Writer::new();
    value.encode(&mut inner, version);
    out.uvarint(tag);
    out.uvarint(inner.len() as u32);
    out.raw(&inner.take());
}

/// Defines a message or a nested structure; the API files beside this one are examples.
macro_rules! message {
    (
        $(#[$meta:meta])*
        $name:ident {
            $( $(#[$field_meta:meta])* $field:ident: $type:ty $(= $default:expr)?, $versions:expr; )*
        } $( tagged {
            $( $(#[$tag_meta:meta])* $tag:literal $tag_field:ident: $tag_type:ty, $tag_versions:expr; )*
        } )?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $( $(#[$field_meta])* pub $field: $type, )*
            $( $( $(#[$tag_meta])* pub $tag_field: Option<$tag_type>, )* )?
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $( $field: $crate::protocol::schema::default_of!($($default)?), )*
                    $( $( $tag_field: None, )* )?
                }
            }
        }

        impl $crate::protocol::schema::Field for $name {
            fn encode(
                &self,
                out: &mut $crate::wire::Writer,
                version: $crate::protocol::schema::Version,
            ) {
                $( if ($versions).contains(&version.number) {
                    self.$field.encode(out, version);
                } )*
                if version.flexible {
                    let present = [ $( $(
                        self.$tag_field.is_some() && ($tag_versions).contains(&version.number),
                    )* )? ];
                    let present: &[bool] = &present;
                    out.uvarint(present.iter().filter(|present| **present).count() as u32);
                    $( $( if ($tag_versions).contains(&version.number) {
                        if let Some(value) = &self.$tag_field {
                            $crate::protocol::schema::encode_tagged(out, $tag, value, version);
                        }
                    } )* )?
                }
            }

            fn decode(
                input: &mut $crate::wire::Reader<'_>,
                version: $crate::protocol::schema::Version,
            ) -> Result<Self, $crate::wire::Malformed> {
                let mut message = Self::default();
                $( if ($versions).contains(&version.number) {
                    message.$field = $crate::protocol::schema::Field::decode(input, version)?;
                } )*
                if version.flexible {
                    $crate::protocol::schema::decode_tagged(input, |tag, _value| {
                        match tag {
                            $( $( $tag if ($tag_versions).contains(&version.number) => {
                                message.$tag_field = Some(
                                    $crate::protocol::schema::Field::decode(_value, version)?,
                                );
                            } )* )?
                            _ => {}
                        }
                        Ok(())
                    })?;
                }
                Ok(message)
            }
        }
    };
}

/// Expands to the declared default, or to the type's `Default`.
macro_rules! default_of {
    () => {
        Default::default()
    };
    ($default:expr) => {
        $default
    };
}

pub(super) use {default_of, message};

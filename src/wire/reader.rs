//! Decodes untrusted messages: each length is checked against the remaining bytes before memory is
//! allocated.

use std::fmt;

use bytes::Bytes;

use super::zigzag::{MAX_VARINT, MAX_VARLONG, unzigzag};

/// The reason why a message is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// The message ends inside a field.
    Truncated,
    /// A varint exceeds its type.
    Varint,
    /// A length is negative where that is not allowed, or exceeds the message.
    Length,
    Utf8,
    /// Bytes remain after the last field.
    Trailing,
    /// The protocol does not allow the value of a field.
    Value(&'static str),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the message ends in the middle of a field",
            Self::Varint => "a variable-length integer is too long",
            Self::Length => "a length is negative or exceeds the message",
            Self::Utf8 => "a string is not UTF-8",
            Self::Trailing => "bytes are left over after the message",
            Self::Value(what) => what,
        })
    }
}

impl std::error::Error for Malformed {}

/// A position in a message. Byte fields are returned as slices of the same allocation.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    message: &'a Bytes,
    at: usize,
}

macro_rules! integers {
    ($($name:ident: $type:ty),*) => {$(
        #[doc = concat!("The next big-endian `", stringify!($type), "`.")]
        #[inline]
        pub fn $name(&mut self) -> Result<$type, Malformed> {
            let (bytes, _) = self.rest().split_first_chunk().ok_or(Malformed::Truncated)?;
            self.at += bytes.len();
            Ok(<$type>::from_be_bytes(*bytes))
        }
    )*};
}

impl<'a> Reader<'a> {
    pub fn new(message: &'a Bytes) -> Self {
        Self { message, at: 0 }
    }

    fn rest(&self) -> &'a [u8] {
        &self.message[self.at..]
    }

    pub fn remaining(&self) -> usize {
        self.message.len() - self.at
    }

    /// Returns the number of bytes read.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Fails if bytes remain.
    pub fn finish(&self) -> Result<(), Malformed> {
        if self.remaining() == 0 { Ok(()) } else { Err(Malformed::Trailing) }
    }

    integers!(i8: i8, i16: i16, i32: i32, i64: i64, u8: u8, u32: u32, u128: u128);

    /// Returns the next `size` bytes, without copying them.
    pub fn bytes(&mut self, size: usize) -> Result<Bytes, Malformed> {
        if size > self.remaining() {
            return Err(Malformed::Truncated);
        }
        let start = self.at;
        self.at += size;
        Ok(self.message.slice(start..self.at))
    }

    pub fn skip(&mut self, size: usize) -> Result<(), Malformed> {
        if size > self.remaining() {
            return Err(Malformed::Truncated);
        }
        self.at += size;
        Ok(())
    }

    /// Returns the next `size` bytes as UTF-8 text.
    pub fn text(&mut self, size: usize) -> Result<String, Malformed> {
        let bytes = self.rest().get(..size).ok_or(Malformed::Truncated)?;
        self.at += size;
        String::from_utf8(bytes.to_vec()).map_err(|_| Malformed::Utf8)
    }

    fn varlen(&mut self, longest: usize, bits: u32) -> Result<u64, Malformed> {
        let mut value = 0;
        for index in 0..longest {
            let byte = self.u8()?;
            let part = u64::from(byte & 0x7f);
            let shift = 7 * index as u32;
            if shift + (u64::BITS - part.leading_zeros()) > bits {
                return Err(Malformed::Varint);
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed::Varint)
    }

    pub fn uvarint(&mut self) -> Result<u32, Malformed> {
        self.varlen(MAX_VARINT, 32).map(|value| value as u32)
    }

    /// Returns the next zigzag-encoded varint.
    pub fn varint(&mut self) -> Result<i32, Malformed> {
        self.uvarint().map(|value| unzigzag(u64::from(value)) as i32)
    }

    /// Returns the next zigzag-encoded 64-bit varint.
    pub fn varlong(&mut self) -> Result<i64, Malformed> {
        self.varlen(MAX_VARLONG, 64).map(unzigzag)
    }
}

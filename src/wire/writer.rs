//! Encodes messages into one growing buffer.

use bytes::Bytes;

use super::varint::write_uvarint;

#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

macro_rules! integers {
    ($($name:ident: $type:ty),*) => {$(
        #[doc = concat!("Appends a big-endian `", stringify!($type), "`.")]
        #[inline]
        pub fn $name(&mut self, value: $type) {
            self.bytes.extend_from_slice(&value.to_be_bytes());
        }
    )*};
}

impl Writer {
    pub fn new() -> Self {
        Self::default()
    }

    integers!(i8: i8, i16: i16, i32: i32, i64: i64, u128: u128);

    pub fn uvarint(&mut self, value: u32) {
        write_uvarint(&mut self.bytes, value);
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Overwrites four bytes at `position`, for a length that is known only later.
    pub fn patch_i32(&mut self, position: usize, value: i32) {
        self.bytes[position..position + 4].copy_from_slice(&value.to_be_bytes());
    }

    /// Returns everything written since the start or the last call.
    pub fn take(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.bytes))
    }
}

//! Space at the end of a buffer, reserved once and then filled. Checking the capacity before every
//! byte costs more than writing the bytes.

use super::zigzag::zigzag;

/// Space that is filled from its start. Writing more than was reserved panics.
#[derive(Debug)]
pub struct Room<'a> {
    left: &'a mut [u8],
}

impl<'a> Room<'a> {
    /// Appends `size` zero bytes to `out`, to be overwritten.
    #[inline]
    pub fn after(out: &'a mut Vec<u8>, size: usize) -> Self {
        let start = out.len();
        out.resize(start + size, 0);
        Self { left: &mut out[start..] }
    }

    #[inline]
    fn take(&mut self, count: usize) -> &'a mut [u8] {
        let (taken, left) = std::mem::take(&mut self.left).split_at_mut(count);
        self.left = left;
        taken
    }

    #[inline]
    pub fn byte(&mut self, byte: u8) {
        self.take(1)[0] = byte;
    }

    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        self.take(bytes.len()).copy_from_slice(bytes);
    }

    /// Writes a zigzag-encoded varint.
    #[inline]
    pub fn varint(&mut self, value: i32) {
        self.uvarint(zigzag(i64::from(value)));
    }

    /// Writes a zigzag-encoded 64-bit varint.
    #[inline]
    pub fn varlong(&mut self, value: i64) {
        self.uvarint(zigzag(value));
    }

    #[inline]
    pub(super) fn uvarint(&mut self, value: u64) {
        // Nearly all varints of a record are this short.
        if value < 1 << 7 {
            self.byte(value as u8);
        } else if value < 1 << 14 {
            self.raw(&[value as u8 | 0x80, (value >> 7) as u8]);
        } else {
            self.long_uvarint(value);
        }
    }

    fn long_uvarint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte(value as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }
}

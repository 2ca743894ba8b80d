//! Variable-length integers: seven bits per byte, least significant first. Signed integers are
//! zigzag-encoded, so that small negative numbers stay short.

use super::room::Room;
use super::zigzag::zigzag;

#[inline]
fn size(value: u64) -> usize {
    // Bits in groups of seven; zero still takes one byte. Up to 64 bits this equals
    // `bits.div_ceil(7)`. A division would cost more than the rest of a record's size.
    let bits = 64 - (value | 1).leading_zeros() as usize;
    (bits * 9 + 64) / 64
}

#[inline]
pub fn varint_size(value: i32) -> usize {
    size(zigzag(i64::from(value)))
}

#[inline]
pub fn varlong_size(value: i64) -> usize {
    size(zigzag(value))
}

fn append(out: &mut Vec<u8>, value: u64) {
    Room::after(out, size(value)).uvarint(value);
}

#[inline]
pub fn write_uvarint(out: &mut Vec<u8>, value: u32) {
    append(out, u64::from(value));
}

/// Appends a zigzag-encoded varint.
#[inline]
pub fn write_varint(out: &mut Vec<u8>, value: i32) {
    append(out, zigzag(i64::from(value)));
}

/// Appends a zigzag-encoded 64-bit varint.
#[inline]
pub fn write_varlong(out: &mut Vec<u8>, value: i64) {
    append(out, zigzag(value));
}

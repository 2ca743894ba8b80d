//! Variable-length integers: seven bits to a byte, least significant first. Signed ones are
//! zigzag-encoded, so that small negative numbers stay short.

use super::room::Room;
use super::zigzag::zigzag;

#[inline]
fn size(value: u64) -> usize {
    // Bits in groups of seven; zero still takes one. Up to 64 this is `bits.div_ceil(7)`, and a
    // division costs more than all the rest of a record's size.
    let bits = 64 - (value | 1).leading_zeros() as usize;
    (bits * 9 + 64) / 64
}

/// How many bytes a signed varint takes.
#[inline]
pub fn varint_size(value: i32) -> usize {
    size(zigzag(i64::from(value)))
}

/// How many bytes a signed varlong takes.
#[inline]
pub fn varlong_size(value: i64) -> usize {
    size(zigzag(value))
}

fn append(out: &mut Vec<u8>, value: u64) {
    Room::after(out, size(value)).uvarint(value);
}

/// Appends an unsigned varint.
#[inline]
pub fn write_uvarint(out: &mut Vec<u8>, value: u32) {
    append(out, u64::from(value));
}

/// Appends a signed varint.
#[inline]
pub fn write_varint(out: &mut Vec<u8>, value: i32) {
    append(out, zigzag(i64::from(value)));
}

/// Appends a signed varlong.
#[inline]
pub fn write_varlong(out: &mut Vec<u8>, value: i64) {
    append(out, zigzag(value));
}

//! Variable-length integers: seven bits to a byte, least significant first. Signed ones are
//! zigzag-encoded, so that small negative numbers stay short.

use super::room::Room;

/// Bytes of the longest 32-bit varint, and of the longest 64-bit one.
pub(super) const MAX_VARINT: usize = 5;
pub(super) const MAX_VARLONG: usize = 10;

#[inline]
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

pub(super) fn unzigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

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

#[inline]
pub(super) fn write(out: &mut Room<'_>, value: u64) {
    // Nearly all of a record's are this short.
    if value < 1 << 7 {
        out.byte(value as u8);
    } else if value < 1 << 14 {
        out.raw(&[value as u8 | 0x80, (value >> 7) as u8]);
    } else {
        write_long(out, value);
    }
}

fn write_long(out: &mut Room<'_>, mut value: u64) {
    while value >= 0x80 {
        out.byte(value as u8 | 0x80);
        value >>= 7;
    }
    out.byte(value as u8);
}

fn append(out: &mut Vec<u8>, value: u64) {
    write(&mut Room::after(out, size(value)), value);
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

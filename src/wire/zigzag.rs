//! The zigzag encoding of signed integers, and the limits of varints.

/// Bytes of the longest 32-bit and 64-bit varint.
pub(super) const MAX_VARINT: usize = 5;
pub(super) const MAX_VARLONG: usize = 10;

#[inline]
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

pub(super) fn unzigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

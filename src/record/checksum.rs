//! Combines the checksums of a header and of its records. `crc32c` can do that too, but takes four
//! times as long as a pass over 64 KiB of records.
//!
//! A checksum is a polynomial modulo another one; appending n zero bytes multiplies it by x^8n.
//! Polynomials are written as in CRC-32C: the highest bit is the coefficient of x^0.

/// The polynomial of CRC-32C, without x^32.
const MODULUS: u32 = 0x82F6_3B78;

const ONE: u32 = 1 << 31;

const fn times_x(polynomial: u32) -> u32 {
    let overflow = 0_u32.wrapping_sub(polynomial & 1);
    (polynomial >> 1) ^ (overflow & MODULUS)
}

const fn times(a: u32, mut b: u32) -> u32 {
    let mut product = 0;
    let mut bit = 32;
    while bit > 0 {
        bit -= 1;
        product ^= 0_u32.wrapping_sub((a >> bit) & 1) & b;
        b = times_x(b);
    }
    product
}

/// x^8, x^16, x^32, …: the factors for 1, 2, 4, … zero bytes.
const POWERS: [u32; usize::BITS as usize] = {
    let mut powers = [ONE >> 8; usize::BITS as usize];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = times(powers[at - 1], powers[at - 1]);
        at += 1;
    }
    powers
};

/// Returns the checksum of two adjacent pieces, of which the second has `second_size` bytes.
pub(super) fn joined(first: u32, second: u32, second_size: usize) -> u32 {
    let mut shifted = first;
    let mut size = second_size;
    while size > 0 {
        shifted = times(POWERS[size.trailing_zeros() as usize], shifted);
        size &= size - 1;
    }
    shifted ^ second
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn two_pieces_have_the_checksum_of_the_whole() {
        let whole: Vec<u8> = (0..70_000_u32).map(|at| (at.wrapping_mul(at) >> 7) as u8).collect();
        for first in [0, 1, 2, 40, 61] {
            for size in (0..300).chain([1023, 1024, 4096, 65_475, 65_536, 69_000]) {
                let (first, second) = whole[..first + size].split_at(first);
                let both = joined(crc32c::crc32c(first), crc32c::crc32c(second), size);
                assert_eq!(both, crc32c::crc32c(&whole[..first.len() + size]), "{size}");
            }
        }
    }
}

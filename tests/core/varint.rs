//! Tests of varints: every value round-trips and takes the predicted size, and overlong varints are
//! refused.

use bytes::Bytes;
use dekaf::wire::{
    Malformed, Reader, varint_size, varlong_size, write_uvarint, write_varint, write_varlong,
};
use proptest::prelude::*;

use crate::properties::config;

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut out = Vec::new();
    write(&mut out);
    Bytes::from(out)
}

/// Numbers of every width with equal probability; uniform numbers would nearly all have the maximum
/// width.
fn any_width() -> impl Strategy<Value = i64> {
    (any::<i64>(), 0_u32..64).prop_map(|(number, shift)| number >> shift)
}

/// Reads one number and expects no trailing bytes.
fn read<'a, T>(
    bytes: &'a Bytes,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    let mut input = Reader::new(bytes);
    let value = read(&mut input)?;
    input.finish()?;
    Ok(value)
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn varlongs_come_back(value in any_width()) {
        let bytes = written(|out| write_varlong(out, value));
        prop_assert_eq!(bytes.len(), varlong_size(value));
        prop_assert_eq!(read(&bytes, Reader::varlong), Ok(value));
    }

    #[test]
    fn varints_come_back(value in any_width()) {
        let value = value as i32;
        let bytes = written(|out| write_varint(out, value));
        prop_assert_eq!(bytes.len(), varint_size(value));
        prop_assert_eq!(read(&bytes, Reader::varint), Ok(value));
        // A small number has the same encoding in both widths.
        prop_assert_eq!(read(&bytes, Reader::varlong), Ok(i64::from(value)));
    }

    #[test]
    fn uvarints_come_back(value in any_width()) {
        let value = value as u32;
        let bytes = written(|out| write_uvarint(out, value));
        prop_assert_eq!(read(&bytes, Reader::uvarint), Ok(value));
    }

    #[test]
    fn a_varint_cut_short_is_refused(value in any_width(), cut in any::<prop::sample::Index>()) {
        let whole = written(|out| write_varlong(out, value));
        let part = whole.slice(..cut.index(whole.len()));
        prop_assert_eq!(read(&part, Reader::varlong), Err(Malformed::Truncated));
        if part.len() < 5 {
            prop_assert_eq!(read(&part, Reader::varint), Err(Malformed::Truncated));
            prop_assert_eq!(read(&part, Reader::uvarint), Err(Malformed::Truncated));
        }
    }

    #[test]
    fn a_varint_wider_than_its_type_is_refused(value in any::<i64>()) {
        let bytes = written(|out| write_varlong(out, value));
        if i32::try_from(value).is_err() {
            prop_assert_eq!(read(&bytes, Reader::varint), Err(Malformed::Varint));
            prop_assert_eq!(read(&bytes, Reader::uvarint), Err(Malformed::Varint));
        }
    }
}

#[test]
fn the_bounds_of_32_bits() {
    let vectors: [(i32, &[u8]); 10] = [
        (0, &[0]),
        (-1, &[1]),
        (1, &[2]),
        (63, &[0x7e]),
        (-64, &[0x7f]),
        (64, &[0x80, 0x01]),
        (-65, &[0x81, 0x01]),
        (8191, &[0xfe, 0x7f]),
        (i32::MAX, &[0xfe, 0xff, 0xff, 0xff, 0x0f]),
        (i32::MIN, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
    ];
    for (value, bytes) in vectors {
        assert_eq!(written(|out| write_varint(out, value)), bytes, "{value}");
        assert_eq!(varint_size(value), bytes.len(), "{value}");
        assert_eq!(read(&Bytes::from_static(bytes), Reader::varint), Ok(value));
    }
}

#[test]
fn the_bounds_of_64_bits() {
    let vectors: [(i64, &[u8]); 4] = [
        (i64::from(i32::MAX) + 1, &[0x80, 0x80, 0x80, 0x80, 0x10]),
        (i64::from(i32::MIN) - 1, &[0x81, 0x80, 0x80, 0x80, 0x10]),
        (i64::MAX, &[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
        (i64::MIN, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    ];
    for (value, bytes) in vectors {
        assert_eq!(written(|out| write_varlong(out, value)), bytes, "{value}");
        assert_eq!(varlong_size(value), bytes.len(), "{value}");
        assert_eq!(read(&Bytes::from_static(bytes), Reader::varlong), Ok(value));
    }
}

#[test]
fn the_bounds_without_a_sign() {
    let vectors: [(u32, &[u8]); 5] = [
        (0, &[0]),
        (127, &[0x7f]),
        (128, &[0x80, 0x01]),
        (1 << 31, &[0x80, 0x80, 0x80, 0x80, 0x08]),
        (u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
    ];
    for (value, bytes) in vectors {
        assert_eq!(written(|out| write_uvarint(out, value)), bytes, "{value}");
        assert_eq!(read(&Bytes::from_static(bytes), Reader::uvarint), Ok(value));
    }
}

#[test]
fn overlong_varints_are_refused() {
    // A 33rd bit; and a sixth byte, even one without bits.
    for bytes in [&[0xff, 0xff, 0xff, 0xff, 0x1f][..], &[0x80, 0x80, 0x80, 0x80, 0x80, 0x00]] {
        let bytes = Bytes::from_static(bytes);
        assert_eq!(read(&bytes, Reader::uvarint), Err(Malformed::Varint));
        assert_eq!(read(&bytes, Reader::varint), Err(Malformed::Varint));
    }
    // A 65th bit; an eleventh byte.
    let wide = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]);
    let long = Bytes::from_static(&[0x80; 11]);
    assert_eq!(read(&wide, Reader::varlong), Err(Malformed::Varint));
    assert_eq!(read(&long, Reader::varlong), Err(Malformed::Varint));
}

#[test]
fn padding_within_the_type_is_read_as_kafka_reads_it() {
    let padded = Bytes::from_static(&[0x82, 0x80, 0x00]);
    assert_eq!(read(&padded, Reader::uvarint), Ok(2));
    assert_eq!(read(&padded, Reader::varint), Ok(1));
    assert_eq!(read(&padded, Reader::varlong), Ok(1));
}

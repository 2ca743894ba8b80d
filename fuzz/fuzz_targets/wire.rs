//! The reader of integers, varints, byte fields and the frame length. Each byte selects the next
//! read. No read may go beyond the end, and varints round-trip.
#![no_main]

use bytes::Bytes;
use dekaf::wire::{
    LENGTH_SIZE, MAX_FRAME, Malformed, Reader, frame_length, varint_size, varlong_size,
    write_uvarint, write_varint, write_varlong,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(prefix) = data.first_chunk::<LENGTH_SIZE>() {
        match frame_length(*prefix) {
            Ok(length) => assert!(length <= MAX_FRAME),
            Err(refused) => drop(refused.to_string()),
        }
    }
    let bytes = Bytes::copy_from_slice(data);
    dekaf_fuzz::decode_within_bounds(&bytes, |bytes| {
        let mut input = Reader::new(bytes);
        while let Ok(choice) = input.u8() {
            let before = input.position();
            let read = step(choice, &mut input);
            assert!(input.position() >= before);
            assert_eq!(input.position() + input.remaining(), bytes.len());
            if read.is_err() {
                return;
            }
        }
        assert_eq!(input.finish(), Ok(()));
    });
});

fn step(choice: u8, input: &mut Reader<'_>) -> Result<(), Malformed> {
    match choice % 14 {
        0 => input.i8().map(drop),
        1 => input.i16().map(drop),
        2 => input.i32().map(drop),
        3 => input.i64().map(drop),
        4 => input.u32().map(drop),
        5 => input.u128().map(drop),
        6 => {
            let value = input.uvarint()?;
            written(|out| write_uvarint(out, value), |input| input.uvarint() == Ok(value));
            Ok(())
        }
        7 => {
            let value = input.varint()?;
            let size = written(|out| write_varint(out, value), |input| input.varint() == Ok(value));
            assert_eq!(size, varint_size(value));
            Ok(())
        }
        8 => {
            let value = input.varlong()?;
            let size =
                written(|out| write_varlong(out, value), |input| input.varlong() == Ok(value));
            assert_eq!(size, varlong_size(value));
            Ok(())
        }
        9 => {
            let size = input.uvarint()? as usize;
            assert_eq!(input.bytes(size)?.len(), size);
            Ok(())
        }
        10 => {
            let size = input.uvarint()? as usize;
            assert_eq!(input.text(size)?.len(), size);
            Ok(())
        }
        11 => input.uvarint().and_then(|size| input.skip(size as usize)),
        // A length larger than any message.
        12 => input.bytes(usize::MAX).map(drop),
        _ => input.skip(usize::MAX),
    }
}

/// Writes a value, reads it back, and returns its size.
fn written(
    write: impl FnOnce(&mut Vec<u8>),
    is_read: impl FnOnce(&mut Reader<'_>) -> bool,
) -> usize {
    let mut out = Vec::with_capacity(10);
    write(&mut out);
    let bytes = Bytes::from(out);
    let mut input = Reader::new(&bytes);
    assert!(is_read(&mut input), "another value comes back");
    assert_eq!(input.finish(), Ok(()));
    bytes.len()
}

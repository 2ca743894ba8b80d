//! Record batches. The first byte selects whether length and checksum are corrected, and the
//! decompression limit. A decoded batch is encoded again, complete and split, and must decode to
//! the same records.
#![no_main]

use bytes::Bytes;
use dekaf::record::{
    BatchBuilder, Compression, Compressor, DecodedRecord, Decompressor, Header, Identity, Record,
    decode_batch,
};
use dekaf_fuzz::{decode_batch_within_bounds, resealed};
use libfuzzer_sys::fuzz_target;

const LIMITS: [usize; 3] = [0, 1000, 100_000];

fuzz_target!(|data: &[u8]| {
    let Some((choice, batch)) = data.split_first() else { return };
    let reseals = choice & 1 == 0;
    let limit = LIMITS[usize::from(choice >> 1) % LIMITS.len()];
    let batch = if reseals { resealed(batch) } else { Bytes::copy_from_slice(batch) };
    let decoded = match decode_batch_within_bounds(limit, &batch) {
        Ok(decoded) => decoded,
        Err(invalid) => return drop(invalid.to_string()),
    };

    let mut builder = BatchBuilder::with_capacity(0);
    for record in &decoded.records {
        append(&mut builder, record);
    }
    let mut compressor = Compressor::new();
    let sealed = builder.seal(Compression::NONE, &mut compressor);
    let again = decode_batch(&sealed.to_bytes(decoded.identity)).expect("our own");
    assert_eq!(again.identity, decoded.identity);
    assert_eq!(again.records, decoded.records);

    let parts = sealed
        .split(sealed.size() / 2, &mut compressor, &mut Decompressor::new())
        .expect("our own");
    let records = parts
        .iter()
        .flat_map(|part| decode_batch(&part.to_bytes(Identity::NONE)).expect("our own").records);
    assert!(records.eq(decoded.records), "other records come back");
});

fn append(builder: &mut BatchBuilder, record: &DecodedRecord) {
    let headers: Vec<Header<'_>> =
        record.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    let record = Record {
        timestamp: record.timestamp,
        key: record.key.as_deref(),
        value: record.value.as_deref(),
        headers: &headers,
    };
    builder.append(&record);
}

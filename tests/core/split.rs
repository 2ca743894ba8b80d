//! Tests of splitting: a batch that a broker rejects as too large becomes several. They contain the
//! same records in the same order, within the requested size.

use dekaf::record::{
    BATCH_OVERHEAD, BatchBuilder, Codec, Compression, Compressor, DecodedRecord, Decompressor,
    Identity, Record, SealedBatch, decode_batch,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::compression::{every_codec, noise, text};
use crate::properties::config;
use crate::record::{OwnedRecord, filled, identities, records, uncompressed};

fn split(batch: &SealedBatch, target: usize) -> Vec<SealedBatch> {
    batch
        .split(target, &mut Compressor::new(), &mut Decompressor::new())
        .expect("a batch of our own")
}

fn decoded(batch: &SealedBatch) -> Vec<DecodedRecord> {
    decode_batch(&batch.to_bytes(Identity::NONE)).expect("a valid batch").records
}

/// Every codec, and none.
fn compressions() -> impl Strategy<Value = Compression> {
    select([Compression::NONE].into_iter().chain(every_codec()).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn the_parts_are_the_whole(
        records in vec(records(), 1..30),
        times in 1_usize..6,
        compression in compressions(),
        identity in identities(),
        at in any::<Index>(),
    ) {
        let records: Vec<_> = std::iter::repeat_n(records, times).flatten().collect();
        let whole = filled(&records).seal(compression, &mut Compressor::new());
        let target = at.index(whole.size() + 10);
        let parts = split(&whole, target);

        let expected: Vec<_> = records.iter().map(OwnedRecord::decoded).collect();
        let together: Vec<_> = parts.iter().flat_map(decoded).collect();
        prop_assert_eq!(together, expected);

        // Compare the producer's counts with the bytes.
        let mut sequence = identity.base_sequence;
        for part in &parts {
            let part_identity = Identity { base_sequence: sequence, ..identity };
            let read = decode_batch(&part.to_bytes(part_identity)).unwrap();
            prop_assert_eq!(read.identity, part_identity);
            prop_assert_eq!(read.records.len(), part.count() as usize);
            let latest = read.records.iter().map(|record| record.timestamp).max();
            prop_assert_eq!(Some(read.max_timestamp), latest);
            sequence = sequence.wrapping_add(part.count());

            prop_assert!(part.size() <= target || part.count() == 1, "{}", part.size());
            prop_assert!(part.size() <= part.uncompressed_size());
            let done = part.codec();
            prop_assert!(done == compression.codec() || done == Codec::None);
        }
        let count = identity.base_sequence.wrapping_add(whole.count());
        prop_assert_eq!(sequence, count);
    }

    /// A part has the same bytes as a new batch of its records.
    #[test]
    fn a_part_is_a_batch_like_any_other(
        records in vec(records(), 2..30), compression in compressions(), at in any::<Index>(),
    ) {
        let whole = filled(&records).seal(compression, &mut Compressor::new());
        let mut rest = &records[..];
        for part in split(&whole, at.index(whole.size())) {
            let (these, others) = rest.split_at(part.count() as usize);
            let anew = filled(these).seal(compression, &mut Compressor::new());
            prop_assert_eq!(part.to_bytes(Identity::NONE), anew.to_bytes(Identity::NONE));
            rest = others;
        }
        prop_assert!(rest.is_empty());
    }

    /// Greedy: no part has room for the first record of the next.
    #[test]
    fn uncompressed_parts_are_as_few_as_possible(
        records in vec(records(), 2..30), at in any::<Index>(),
    ) {
        let whole = uncompressed(filled(&records));
        let target = at.index(whole.size());
        let mut rest = &records[..];
        let parts = split(&whole, target);
        for part in &parts[..parts.len() - 1] {
            let one_more = filled(&rest[..=part.count() as usize]);
            prop_assert!(one_more.size() > target);
            rest = &rest[part.count() as usize..];
        }
    }
}

#[test]
fn one_record_cannot_be_split() {
    for compression in every_codec() {
        let mut batch = BatchBuilder::with_capacity(0);
        batch.append(&Record { timestamp: 1, key: None, value: Some(&text(5000)), headers: &[] });
        let batch = batch.seal(compression, &mut Compressor::new());
        for target in [0, 100, BATCH_OVERHEAD] {
            let parts = split(&batch, target);
            assert_eq!(parts.len(), 1);
            assert_eq!(parts[0].body().as_ptr(), batch.body().as_ptr(), "it is the same batch");
        }
    }
}

#[test]
fn a_batch_that_fits_is_not_split() {
    let batch = of_values(1000, |_| text(100).to_vec(), Compression::NONE);
    assert_eq!(split(&batch, batch.size()).len(), 1);
    assert_eq!(split(&batch, batch.size() - 1).len(), 2);
    assert_eq!(split(&batch, usize::MAX).len(), 1);
    assert_eq!(split(&batch, 0).len(), 1000);
}

fn of_values(
    count: usize,
    value: impl Fn(usize) -> Vec<u8>,
    compression: Compression,
) -> SealedBatch {
    let mut batch = BatchBuilder::with_capacity(0);
    for index in 0..count {
        let value = value(index);
        let timestamp = 1_700_000_000_000 + index as i64;
        batch.append(&Record { timestamp, key: None, value: Some(&value), headers: &[] });
    }
    batch.seal(compression, &mut Compressor::new())
}

#[test]
fn compressed_parts_are_not_many_more_than_needed() {
    for compression in every_codec() {
        let lines = text(1_000_000);
        let value = |index: usize| lines[200 * index..200 * (index + 1)].to_vec();
        let batch = of_values(5000, value, compression);
        for pieces in [2, 3, 10] {
            let target = batch.size() / pieces;
            let parts = split(&batch, target).len();
            assert!(parts <= pieces * 3 / 2 + 2, "{compression:?}: {parts} instead of {pieces}");
        }
    }
}

/// The second half does not compress, so its parts hold fewer records than those of the first half.
#[test]
fn parts_that_shrink_less_are_cut_again() {
    let (lines, random) = (text(100_000), noise(100_000));
    let value = |index: usize| {
        let from = if index < 500 { &lines } else { &random };
        from[100 * (index % 500)..][..200].to_vec()
    };
    for compression in every_codec() {
        let batch = of_values(1000, value, compression);
        assert_eq!(batch.codec(), compression.codec());
        for target in [1000, 10_000, batch.size() / 2] {
            let parts = split(&batch, target);
            assert!(parts.iter().all(|part| part.size() <= target));
            assert_eq!(parts.iter().map(SealedBatch::count).sum::<i32>(), 1000);
        }
    }
}

#[test]
fn parts_can_be_split_again() {
    let zstd = Compression::new(Codec::Zstd, Some(1)).unwrap();
    let lines = text(100_000);
    let batch = of_values(1000, |index| lines[100 * index..][..100].to_vec(), zstd);
    let again: Vec<_> = split(&batch, batch.size() / 2)
        .iter()
        .flat_map(|part| split(part, part.size() / 2))
        .collect();
    assert!(again.len() >= 4);
    let together: Vec<_> = again.iter().flat_map(decoded).collect();
    assert_eq!(together, decoded(&batch));
}

#[test]
fn records_are_selected_whatever_their_timestamps_are() {
    let mut builder = BatchBuilder::with_capacity(1_000);
    let latest = 1 << 50;
    for timestamp in [0, latest, 0, 0, 0, 0, 0, 0] {
        builder.append(&Record { timestamp, key: None, value: Some(b"v"), headers: &[] });
    }
    let whole = builder.seal(Compression::NONE, &mut Compressor::new());
    // Next to the second record, the deltas of the first record's neighbors take more bytes than
    // before.
    let (mut compressor, mut decompressor) = (Compressor::new(), Decompressor::new());
    let (first, others) = (0..1, 1..8);
    let parts = whole.select(&[others, first], &mut compressor, &mut decompressor).unwrap();
    let timestamps: Vec<_> = decoded(&parts[0]).iter().map(|record| record.timestamp).collect();
    assert_eq!(timestamps, [latest, 0, 0, 0, 0, 0, 0]);
}

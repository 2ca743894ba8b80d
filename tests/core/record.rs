//! Tests of record batches: their bytes, round trips, exact size predictions, and the detection of
//! any damage.

mod arbitrary;

pub(crate) use arbitrary::{OwnedRecord, filled, identities, records, seal, uncompressed, unsent};

use bytes::Bytes;
use dekaf::record::{
    BATCH_OVERHEAD, BatchBuilder, DecodedRecord, Identity, InvalidBatch, Record, decode_batch,
};
use dekaf::wire::Malformed;
use kafka_protocol::records::{Compression, RecordBatchDecoder};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::properties::config;

/// Two records: one with all fields and a repeated header name, and an older one without any.
#[rustfmt::skip]
const GOLDEN: [u8; 91] = [
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // base offset, the broker's to set
    0x00, 0x00, 0x00, 0x4f, // length: 79 of the 91 bytes follow
    0xff, 0xff, 0xff, 0xff, // leader epoch −1
    0x02, // magic
    0xbc, 0x73, 0x72, 0x9a, // CRC-32C of all that follows
    0x00, 0x00, // attributes: uncompressed, the producer's timestamps
    0x00, 0x00, 0x00, 0x01, // last offset delta
    0x00, 0x00, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00, // first timestamp 1 700 000 000 000
    0x00, 0x00, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00, // largest timestamp: the first one's
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x01, // producer id 4097
    0x00, 0x03, // producer epoch
    0x00, 0x00, 0x00, 0x2a, // first sequence 42
    0x00, 0x00, 0x00, 0x02, // two records
    // The first record.
    0x2a, // 21 bytes
    0x00, // attributes
    0x00, // timestamp delta 0
    0x00, // offset delta 0
    0x02, b'k', // key
    0x0a, b'h', b'e', b'l', b'l', b'o', // value
    0x06, // three headers
    0x02, b'h', 0x02, b'1', // h: 1
    0x02, b'h', 0x01, // h again: null
    0x00, 0x00, // an empty name and an empty value
    // The second record.
    0x0e, // 7 bytes
    0x00, // attributes
    0xc7, 0x01, // timestamp delta −100
    0x02, // offset delta 1
    0x01, // null key
    0x01, // null value
    0x00, // no headers
];

const GOLDEN_TIME: i64 = 1_700_000_000_000;
const GOLDEN_IDENTITY: Identity = Identity { producer_id: 4097, epoch: 3, base_sequence: 42 };

#[test]
fn a_batch_has_the_golden_bytes() {
    let mut batch = BatchBuilder::with_capacity(0);
    let first = batch.append(&Record {
        timestamp: GOLDEN_TIME,
        key: Some(b"k"),
        value: Some(b"hello"),
        headers: &[("h", Some(b"1")), ("h", None), ("", Some(b""))],
    });
    let second = batch.append(&Record {
        timestamp: GOLDEN_TIME - 100,
        key: None,
        value: None,
        headers: &[],
    });
    assert_eq!((first, second), (0, 1));
    assert_eq!(uncompressed(batch).to_bytes(GOLDEN_IDENTITY), &GOLDEN[..]);
}

#[test]
fn golden_bytes_decode_to_the_batch() {
    let batch = decode_batch(&Bytes::from_static(&GOLDEN)).unwrap();
    assert_eq!(batch.base_offset, 0);
    assert_eq!(batch.attributes, 0);
    assert_eq!(batch.identity, GOLDEN_IDENTITY);
    assert_eq!(batch.max_timestamp, GOLDEN_TIME);
    let first = DecodedRecord {
        timestamp: GOLDEN_TIME,
        key: Some(Bytes::from_static(b"k")),
        value: Some(Bytes::from_static(b"hello")),
        headers: vec![
            ("h".to_owned(), Some(Bytes::from_static(b"1"))),
            ("h".to_owned(), None),
            (String::new(), Some(Bytes::new())),
        ],
    };
    let second =
        DecodedRecord { timestamp: GOLDEN_TIME - 100, key: None, value: None, headers: vec![] };
    assert_eq!(batch.records, [first, second]);
}

/// Kafka's bound: 61 for the batch, 21 for a record's numbers at maximum size, then key, value,
/// header count and headers, each with its length.
#[test]
fn the_bound_is_kafkas() {
    let bound = |key, value, headers| Record { timestamp: 0, key, value, headers }.size_bound();
    assert_eq!(bound(None, None, &[]), 61 + 21 + 1 + 1 + 1);
    assert_eq!(bound(Some(b""), Some(b""), &[]), 61 + 21 + 1 + 1 + 1);
    assert_eq!(bound(Some(b"k"), Some(&[0; 64]), &[]), 61 + 21 + 2 + (2 + 64) + 1);
    assert_eq!(bound(None, None, &[("h", Some(b"1")), ("h", None)]), 61 + 21 + 1 + 1 + 1 + 4 + 3);
    assert_eq!(bound(None, None, &[("h", None); 64]), 61 + 21 + 1 + 1 + 2 + 64 * 3);
}

/// Returns whether a broker may change the byte without a new checksum: base offset and leader
/// epoch.
fn is_the_brokers(byte: usize) -> bool {
    matches!(byte, 0..8 | 12..16)
}

#[test]
fn every_flipped_bit_is_found() {
    for byte in 0..GOLDEN.len() {
        for bit in 0..8 {
            let mut damaged = GOLDEN;
            damaged[byte] ^= 1 << bit;
            let found = decode_batch(&Bytes::copy_from_slice(&damaged));
            match byte {
                _ if is_the_brokers(byte) => assert!(found.is_ok(), "byte {byte}"),
                8..12 => assert_eq!(found, Err(Malformed::Length.into()), "byte {byte}"),
                16 => assert!(matches!(found, Err(InvalidBatch::Magic(_))), "bit {bit}"),
                _ => assert_eq!(found, Err(InvalidBatch::Checksum), "byte {byte} bit {bit}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn records_come_back(records in vec(records(), 1..20), identity in identities()) {
        let batch = decode_batch(&seal(&records, identity)).unwrap();
        prop_assert_eq!(batch.identity, identity);
        prop_assert_eq!(batch.base_offset, 0);
        prop_assert_eq!(batch.attributes, 0);
        let latest = records.iter().map(|record| record.timestamp).max();
        prop_assert_eq!(Some(batch.max_timestamp), latest);
        let expected: Vec<_> = records.iter().map(OwnedRecord::decoded).collect();
        prop_assert_eq!(batch.records, expected);
    }

    #[test]
    fn the_oracle_reads_the_same(records in vec(records(), 1..20), identity in identities()) {
        // The oracle keeps headers in a map, and its timestamp and sequence sums can overflow.
        let records: Vec<_> = records.iter().map(OwnedRecord::tame).collect();
        let bytes = seal(&records, identity);
        let mut left = bytes.clone();
        let batch = RecordBatchDecoder::decode(&mut left).unwrap();
        prop_assert!(left.is_empty());
        prop_assert_eq!(batch.version, 2);
        prop_assert!(matches!(batch.compression, Compression::None));
        prop_assert_eq!(batch.records.len(), records.len());
        for ((index, theirs), ours) in (0..).zip(&batch.records).zip(&records) {
            prop_assert_eq!(theirs.offset, i64::from(index));
            prop_assert_eq!(theirs.sequence, identity.base_sequence.wrapping_add(index));
            prop_assert_eq!(theirs.producer_id, identity.producer_id);
            prop_assert_eq!(theirs.producer_epoch, identity.epoch);
            prop_assert_eq!(theirs.partition_leader_epoch, -1);
            prop_assert!(!theirs.transactional && !theirs.control);
            let headers = theirs.headers.iter();
            let read = DecodedRecord {
                timestamp: theirs.timestamp,
                key: theirs.key.clone(),
                value: theirs.value.clone(),
                headers: headers.map(|(name, value)| (name.to_string(), value.clone())).collect(),
            };
            prop_assert_eq!(read, ours.decoded());
        }
    }

    #[test]
    fn a_batch_takes_what_fits_exactly(records in vec(records(), 1..20)) {
        let mut batch = BatchBuilder::with_capacity(64);
        let mut limited = BatchBuilder::with_capacity(64);
        prop_assert_eq!(batch.size(), BATCH_OVERHEAD);
        for (index, record) in (0..).zip(&records) {
            record.lend(|record| {
                prop_assert_eq!(batch.append(record), index);
                let size = batch.size();
                if index > 0 {
                    prop_assert_eq!(limited.try_append(record, size - 1), None);
                }
                prop_assert_eq!((limited.count(), limited.size() < size), (index, true));
                prop_assert_eq!(limited.try_append(record, size), Some(index));
                prop_assert_eq!((limited.count(), limited.size()), (index + 1, size));
                Ok(())
            })?;
        }
        let size = batch.size();
        let bytes = uncompressed(batch).to_bytes(Identity::NONE);
        prop_assert_eq!(bytes.len(), size);
        prop_assert_eq!(uncompressed(limited).to_bytes(Identity::NONE), bytes);
    }

    #[test]
    fn any_record_fits_into_an_empty_batch(record in records()) {
        record.lend(|record| {
            prop_assert_eq!(BatchBuilder::with_capacity(0).try_append(record, 0), Some(0));
            Ok(())
        })?;
    }

    #[test]
    fn no_lone_record_exceeds_its_bound(record in records()) {
        let size = seal(std::slice::from_ref(&record), Identity::NONE).len();
        record.lend(|record| {
            let bound = record.size_bound();
            prop_assert!(size <= bound, "{} > {}", size, bound);
            // The bound assumes the longest varints; with the shortest ones it is 17 bytes too
            // large.
            prop_assert!(bound - size <= 17, "{} bytes are wasted", bound - size);
            let (rough, fields) = (record.rough_size_bound(), 3 + 2 * record.headers.len());
            prop_assert!((bound..=bound + 4 * fields).contains(&rough), "{} is rough", rough);
            Ok(())
        })?;
    }

    #[test]
    fn damage_is_found(
        records in vec(records(), 1..10), at in any::<Index>(), bit in 0..8,
    ) {
        let mut bytes = seal(&records, Identity::NONE).to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        let found = decode_batch(&Bytes::from(bytes));
        prop_assert_eq!(found.is_ok(), is_the_brokers(at));
    }

    #[test]
    fn a_batch_cut_short_or_drawn_out_is_refused(
        records in vec(records(), 1..5), cut in any::<Index>(), more in vec(any::<u8>(), 1..9),
    ) {
        let whole = seal(&records, Identity::NONE);
        prop_assert!(decode_batch(&whole.slice(..cut.index(whole.len()))).is_err());
        let longer = Bytes::from([&whole[..], &more].concat());
        prop_assert_eq!(decode_batch(&longer), Err(Malformed::Length.into()));
    }
}

#[test]
fn offset_deltas_of_every_width_come_back() {
    // Deltas above 8191 take three bytes.
    let count = 10_000;
    let mut batch = BatchBuilder::with_capacity(1 << 20);
    for index in 0..count {
        let record = Record { timestamp: -index, key: None, value: Some(b"v"), headers: &[] };
        batch.append(&record);
    }
    let bytes = uncompressed(batch).to_bytes(Identity::NONE);
    let batch = decode_batch(&bytes).unwrap();
    assert_eq!(batch.records.len(), 10_000);
    assert_eq!(batch.max_timestamp, 0);
    assert!((0..count).zip(&batch.records).all(|(index, record)| record.timestamp == -index));
    let theirs = RecordBatchDecoder::decode(&mut bytes.clone()).unwrap();
    assert!((0..count).zip(&theirs.records).all(|(index, record)| record.offset == index));
}

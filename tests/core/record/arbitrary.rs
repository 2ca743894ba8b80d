//! Arbitrary records, and batches of them.

use std::collections::BTreeSet;

use bytes::Bytes;
use dekaf::record::{
    BatchBuilder, Compression, Compressor, DecodedRecord, Header, Identity, Record, SealedBatch,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// The owned form of [`Record`].
#[derive(Debug, Clone)]
pub(crate) struct OwnedRecord {
    pub(crate) timestamp: i64,
    key: Option<Bytes>,
    value: Option<Bytes>,
    headers: Vec<(String, Option<Bytes>)>,
}

impl OwnedRecord {
    pub(crate) fn lend<T>(&self, take: impl FnOnce(&Record<'_>) -> T) -> T {
        let headers: Vec<Header<'_>> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        take(&Record {
            timestamp: self.timestamp,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: &headers,
        })
    }

    /// Returns the record that decoding must return.
    pub(crate) fn decoded(&self) -> DecodedRecord {
        DecodedRecord {
            timestamp: self.timestamp,
            key: self.key.clone(),
            value: self.value.clone(),
            headers: self.headers.clone(),
        }
    }

    /// Returns a copy with unique header names and a moderate timestamp.
    pub(crate) fn tame(&self) -> Self {
        let mut tame = self.clone();
        let mut names = BTreeSet::new();
        tame.headers.retain(|(name, _)| names.insert(name.clone()));
        tame.timestamp /= 4;
        tame
    }
}

/// Null, empty, short, and long enough for lengths of two bytes.
fn fields() -> impl Strategy<Value = Option<Bytes>> {
    let bytes = |size| vec(any::<u8>(), size).prop_map(|bytes| Some(Bytes::from(bytes)));
    prop_oneof![
        2 => Just(None),
        2 => Just(Some(Bytes::new())),
        6 => bytes(1..16),
        1 => bytes(60..300),
    ]
}

/// Few names, so that they repeat.
fn headers() -> impl Strategy<Value = Vec<(String, Option<Bytes>)>> {
    let name = prop_oneof!["[ab]?", "\\PC{1,4}", "[a-z]{64,70}"];
    prop_oneof![3 => Just(vec![]), 2 => vec((name, fields()), 1..6)]
}

/// Timestamps close to each other in any order, and extreme ones.
fn timestamps() -> impl Strategy<Value = i64> {
    let now = 1_700_000_000_000_i64;
    prop_oneof![
        8 => (now - 1000)..(now + 1000),
        1 => any::<i64>(),
        1 => prop::sample::select(vec![0, -1, i64::MIN, i64::MAX]),
    ]
}

pub(crate) fn records() -> impl Strategy<Value = OwnedRecord> {
    (timestamps(), fields(), fields(), headers())
        .prop_map(|(timestamp, key, value, headers)| OwnedRecord { timestamp, key, value, headers })
}

pub(crate) fn identities() -> impl Strategy<Value = Identity> {
    let some =
        (0..i64::MAX, 0..i16::MAX, 0..i32::MAX).prop_map(|(producer_id, epoch, base_sequence)| {
            Identity { producer_id, epoch, base_sequence }
        });
    prop_oneof![Just(Identity::NONE), some]
}

pub(crate) fn seal(records: &[OwnedRecord], identity: Identity) -> Bytes {
    unsent(records).to_bytes(identity)
}

/// Returns an uncompressed batch of the records, without an identity.
pub(crate) fn unsent(records: &[OwnedRecord]) -> SealedBatch {
    uncompressed(filled(records))
}

/// Returns an open batch of the records.
pub(crate) fn filled(records: &[OwnedRecord]) -> BatchBuilder {
    let mut batch = BatchBuilder::with_capacity(0);
    for record in records {
        record.lend(|record| batch.append(record));
    }
    batch
}

pub(crate) fn uncompressed(batch: BatchBuilder) -> SealedBatch {
    batch.seal(Compression::NONE, &mut Compressor::new())
}

//! Records that a broker rejected individually (KIP-467), and the other records of their batches.

use std::collections::{BTreeMap, BTreeSet};

use dekaf::error::ErrorCode;

use super::stored::id_of;
use crate::cluster::Cluster;

/// The codes for single records: `INVALID_RECORD`, `INVALID_TIMESTAMP`.
const OF_RECORDS: [ErrorCode; 2] = [ErrorCode::INVALID_RECORD, ErrorCode(32)];

/// The brokers' messages for each rejected record.
pub(super) struct Blamed {
    said: BTreeMap<u64, BTreeSet<String>>,
}

impl Blamed {
    pub(super) fn by(cluster: &Cluster) -> Self {
        let mut said: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
        for blame in cluster.blames() {
            if let Some(id) = id_of(&blame.value) {
                said.entry(id).or_default().insert(blame.what.clone());
            }
        }
        Self { said }
    }

    /// Returns what is wrong with an error about single records, or `None` if it is right. `is_one`
    /// says whether the record may fail because of other records of its batch.
    pub(super) fn contradict(
        &self,
        id: u64,
        code: ErrorCode,
        text: &str,
        is_one: bool,
    ) -> Option<&'static str> {
        if !OF_RECORDS.contains(&code) {
            return None;
        }
        match self.said.get(&id) {
            None if is_one => None,
            None => Some("failed for a record of its batch"),
            Some(said) if said.iter().any(|said| text.contains(said)) => None,
            Some(_) => Some("failed without what the broker said of it"),
        }
    }
}

//! Records that wait outside of a batch: for memory, for their topic or for their partition.

use crate::record::{Header, Record};

/// A record that owns its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnedRecord {
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Vec<u8>>,
    /// The headers.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl OwnedRecord {
    /// A copy of a record.
    pub fn copy(record: &Record<'_>) -> Self {
        let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        let headers =
            record.headers.iter().map(|(name, value)| ((*name).to_owned(), owned(*value)));
        Self {
            timestamp: record.timestamp,
            key: owned(record.key),
            value: owned(record.value),
            headers: headers.collect(),
        }
    }
}

impl OwnedRecord {
    /// About how many bytes it has.
    pub fn size(&self) -> usize {
        self.with_headers(&self.headers()).size_bound()
    }

    /// Its headers, as [`Self::with_headers`] takes them.
    pub fn headers(&self) -> Vec<Header<'_>> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect()
    }

    /// The record, borrowed.
    pub fn with_headers<'a>(&'a self, headers: &'a [Header<'a>]) -> Record<'a> {
        Record {
            timestamp: self.timestamp,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers,
        }
    }
}

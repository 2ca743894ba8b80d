//! Records that wait outside of a batch: for memory, for their topic or for their partition.

use std::collections::TryReserveError;

use crate::error::{Error, ErrorKind, Result};
use crate::record::{Header, Record};
use crate::wire::copied;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnedRecord {
    /// Milliseconds since 1970.
    pub timestamp: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl OwnedRecord {
    /// Copies a record.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn copy(record: &Record<'_>) -> Result<Self> {
        Self::try_copy(record).map_err(|_| out_of_memory(record.size_bound()))
    }

    fn try_copy(record: &Record<'_>) -> Result<Self, TryReserveError> {
        let owned = |bytes: Option<&[u8]>| bytes.map(copied).transpose();
        let header =
            |(name, value): &Header<'_>| owned(*value).map(|value| ((*name).to_owned(), value));
        Ok(Self {
            timestamp: record.timestamp,
            key: owned(record.key)?,
            value: owned(record.value)?,
            headers: record.headers.iter().map(header).collect::<Result<_, _>>()?,
        })
    }
}

/// Returns the error for a failed allocation of `bytes`.
pub(super) fn out_of_memory(bytes: usize) -> Error {
    let message = format!(
        "the process has no memory for a message of {bytes} bytes; free some, lower \
         buffer_memory, or send smaller messages"
    );
    Error::new(ErrorKind::OutOfMemory, message)
}

impl OwnedRecord {
    /// See `Record::size_bound`.
    pub fn size(&self) -> usize {
        self.with_headers(&self.headers()).size_bound()
    }

    /// Returns its headers, for [`Self::with_headers`].
    pub fn headers(&self) -> Vec<Header<'_>> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect()
    }

    pub fn with_headers<'a>(&'a self, headers: &'a [Header<'a>]) -> Record<'a> {
        Record {
            timestamp: self.timestamp,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers,
        }
    }
}

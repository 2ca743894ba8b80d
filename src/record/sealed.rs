//! A complete batch. Its records never change, however often it is sent. Its header is written each
//! time, because the identity may have changed.

use bytes::Bytes;

use super::checksum::joined;
use super::{BATCH_OVERHEAD, Codec, Compression, Compressor, MAGIC, offset};

/// The producer and sequence number of a batch. Brokers use it to recognize duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    pub producer_id: i64,
    pub epoch: i16,
    /// The sequence number of the batch's first record.
    pub base_sequence: i32,
}

impl Identity {
    /// The identity without idempotence.
    pub const NONE: Self = Self { producer_id: -1, epoch: -1, base_sequence: -1 };
}

/// A batch that is ready to be sent. Clones share the records.
#[derive(Debug, Clone)]
pub struct SealedBatch {
    pub(super) contents: Contents,
    /// The requested compression, which parts of the batch use as well.
    pub(super) compression: Compression,
    /// The codec that was used.
    codec: Codec,
    /// The size of the records before compression.
    records_size: usize,
    body: Bytes,
    body_crc: u32,
}

/// The header fields that depend on the records.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contents {
    pub(super) count: i32,
    pub(super) first_timestamp: i64,
    pub(super) max_timestamp: i64,
}

impl SealedBatch {
    /// Compresses the records if that makes them smaller.
    pub(super) fn new(
        contents: Contents,
        records: Vec<u8>,
        compression: Compression,
        compressor: &mut Compressor,
    ) -> Self {
        let records_size = records.len();
        let (codec, body) = match compressor.compress(compression, &records) {
            Some(compressed) => (compression.codec(), compressed),
            None => (Codec::None, records.into()),
        };
        let body_crc = crc32c::crc32c(&body);
        Self { contents, compression, codec, records_size, body, body_crc }
    }

    /// The number of records.
    pub fn count(&self) -> i32 {
        self.contents.count
    }

    /// The codec of the records; `None` if compression would not have made them smaller.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The size of the batch in bytes, without compression.
    pub fn uncompressed_size(&self) -> usize {
        BATCH_OVERHEAD + self.records_size
    }

    /// The size of the batch in bytes, as it is sent.
    pub fn size(&self) -> usize {
        BATCH_OVERHEAD + self.body.len()
    }

    /// Returns the memory of the records for reuse, unless they were compressed: that buffer has no
    /// spare capacity.
    pub fn into_memory(self) -> Option<Bytes> {
        (self.codec == Codec::None).then_some(self.body)
    }

    /// The records, without the header.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns the header for an identity. The checksum of the records was computed once.
    pub fn header(&self, identity: Identity) -> [u8; BATCH_OVERHEAD] {
        let contents = &self.contents;
        let mut header = [0; BATCH_OVERHEAD];
        let mut put = |at: usize, field: &[u8]| {
            header[at..at + field.len()].copy_from_slice(field);
        };
        let length = self.size() - offset::LEADER_EPOCH;
        put(offset::LENGTH, &(length as i32).to_be_bytes());
        put(offset::LEADER_EPOCH, &(-1_i32).to_be_bytes());
        put(offset::MAGIC, &MAGIC.to_be_bytes());
        put(offset::ATTRIBUTES, &self.codec.id().to_be_bytes());
        put(offset::LAST_OFFSET_DELTA, &(contents.count - 1).to_be_bytes());
        put(offset::FIRST_TIMESTAMP, &contents.first_timestamp.to_be_bytes());
        put(offset::MAX_TIMESTAMP, &contents.max_timestamp.to_be_bytes());
        put(offset::PRODUCER_ID, &identity.producer_id.to_be_bytes());
        put(offset::PRODUCER_EPOCH, &identity.epoch.to_be_bytes());
        put(offset::BASE_SEQUENCE, &identity.base_sequence.to_be_bytes());
        put(offset::COUNT, &contents.count.to_be_bytes());
        let crc = crc32c::crc32c(&header[offset::ATTRIBUTES..]);
        let crc = joined(crc, self.body_crc, self.body.len());
        header[offset::CRC..offset::ATTRIBUTES].copy_from_slice(&crc.to_be_bytes());
        header
    }

    /// Returns header and records in one buffer.
    pub fn to_bytes(&self, identity: Identity) -> Bytes {
        [&self.header(identity)[..], &self.body].concat().into()
    }
}

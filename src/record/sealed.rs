//! A batch that is whole. Its records never change again, however often it is sent; the header
//! in front of them is written anew each time, because its identity may have changed.

use bytes::Bytes;

use super::{BATCH_OVERHEAD, MAGIC, offset};

/// Who wrote a batch, for the broker to recognise a repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The producer's id.
    pub producer_id: i64,
    /// The id's epoch.
    pub epoch: i16,
    /// The sequence number of the batch's first record.
    pub base_sequence: i32,
}

impl Identity {
    /// Without idempotence.
    pub const NONE: Self = Self { producer_id: -1, epoch: -1, base_sequence: -1 };
}

/// Records that are ready to be sent. Cheap to clone: the records are shared.
#[derive(Debug, Clone)]
pub struct SealedBatch {
    attributes: i16,
    count: i32,
    first_timestamp: i64,
    max_timestamp: i64,
    body: Bytes,
    body_crc: u32,
}

impl SealedBatch {
    pub(super) fn new(count: i32, first_timestamp: i64, max_timestamp: i64, body: Bytes) -> Self {
        let body_crc = crc32c::crc32c(&body);
        Self { attributes: 0, count, first_timestamp, max_timestamp, body, body_crc }
    }

    /// How many records it holds.
    pub fn count(&self) -> i32 {
        self.count
    }

    /// Its size in bytes as it is sent.
    pub fn size(&self) -> usize {
        BATCH_OVERHEAD + self.body.len()
    }

    /// What follows the header: its records, as they are stored.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The header for an identity. The records' part of the checksum was computed once.
    pub fn header(&self, identity: Identity) -> [u8; BATCH_OVERHEAD] {
        let mut header = [0; BATCH_OVERHEAD];
        let mut put = |at: usize, field: &[u8]| {
            header[at..at + field.len()].copy_from_slice(field);
        };
        let length = self.size() - offset::LEADER_EPOCH;
        put(offset::LENGTH, &(length as i32).to_be_bytes());
        put(offset::LEADER_EPOCH, &(-1_i32).to_be_bytes());
        put(offset::MAGIC, &MAGIC.to_be_bytes());
        put(offset::ATTRIBUTES, &self.attributes.to_be_bytes());
        put(offset::LAST_OFFSET_DELTA, &(self.count - 1).to_be_bytes());
        put(offset::FIRST_TIMESTAMP, &self.first_timestamp.to_be_bytes());
        put(offset::MAX_TIMESTAMP, &self.max_timestamp.to_be_bytes());
        put(offset::PRODUCER_ID, &identity.producer_id.to_be_bytes());
        put(offset::PRODUCER_EPOCH, &identity.epoch.to_be_bytes());
        put(offset::BASE_SEQUENCE, &identity.base_sequence.to_be_bytes());
        put(offset::COUNT, &self.count.to_be_bytes());
        let crc = crc32c::crc32c(&header[offset::ATTRIBUTES..]);
        let crc = crc32c::crc32c_combine(crc, self.body_crc, self.body.len());
        header[offset::CRC..offset::ATTRIBUTES].copy_from_slice(&crc.to_be_bytes());
        header
    }

    /// Placeholder for the merge.
    pub fn split(&self, _target: usize) -> Result<Vec<Self>, super::InvalidBatch> {
        Err(super::InvalidBatch::Inconsistent("not yet"))
    }

    /// The whole batch in one piece.
    pub fn to_bytes(&self, identity: Identity) -> Bytes {
        [&self.header(identity)[..], &self.body].concat().into()
    }
}

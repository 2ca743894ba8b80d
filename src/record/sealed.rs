//! A batch that is whole. Its records never change again, however often it is sent; the header
//! in front of them is written anew each time, because its identity may have changed.

use bytes::Bytes;

use super::checksum::joined;
use super::{BATCH_OVERHEAD, Codec, Compression, Compressor, MAGIC, offset};

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
    pub(super) contents: Contents,
    /// What was asked for; parts of the batch ask for it again.
    pub(super) compression: Compression,
    /// What was done.
    codec: Codec,
    /// The size of its records before compression.
    records_size: usize,
    body: Bytes,
    body_crc: u32,
}

/// What a batch's header says of its records.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contents {
    pub(super) count: i32,
    pub(super) first_timestamp: i64,
    pub(super) max_timestamp: i64,
}

impl SealedBatch {
    /// Records that would not become smaller stay as they are.
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

    /// How many records it holds.
    pub fn count(&self) -> i32 {
        self.contents.count
    }

    /// How its records are stored: with the codec asked for, or as they are where that would not
    /// have made them smaller.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Its size in bytes without compression.
    pub fn uncompressed_size(&self) -> usize {
        BATCH_OVERHEAD + self.records_size
    }

    /// Its size in bytes as it is sent.
    pub fn size(&self) -> usize {
        BATCH_OVERHEAD + self.body.len()
    }

    /// Gives back the memory of its records, unless it was compressed: that has no room to spare.
    pub fn into_memory(self) -> Option<Bytes> {
        (self.codec == Codec::None).then_some(self.body)
    }

    /// What follows the header: its records, as they are stored.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The header for an identity. The records' part of the checksum was computed once.
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

    /// The whole batch in one piece.
    pub fn to_bytes(&self, identity: Identity) -> Bytes {
        [&self.header(identity)[..], &self.body].concat().into()
    }
}

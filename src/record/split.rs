//! Cuts a batch that a broker found too large, or takes records out of it. The records keep their
//! order and all that they say; only what a batch counts from its first record, offsets and times,
//! is written anew.

use std::ops::Range;

use bytes::Bytes;

use super::{
    BATCH_OVERHEAD, BatchBuilder, Codec, Compressor, Decompressor, InvalidBatch, SealedBatch,
};
use crate::wire::{Malformed, Reader, reserved};

/// A record as it stands in its batch: its own time, and its bytes from the key on.
struct Encoded {
    timestamp: i64,
    fields: Bytes,
}

impl SealedBatch {
    /// The batch as several, in order, each of at most `target` bytes as it is sent, or of one
    /// record. Each asks for the same compression, and knows how many records it got.
    ///
    /// A batch of one record, or one that is within the target, comes back as it is: one part
    /// means that there is nothing to split.
    pub fn split(
        &self,
        target: usize,
        compressor: &mut Compressor,
        decompressor: &mut Decompressor,
    ) -> Result<Vec<Self>, InvalidBatch> {
        if self.count() == 1 || self.size() <= target {
            return Ok(vec![self.clone()]);
        }
        let body = self.decompressed(decompressor)?;
        let records = self.records(&body)?;
        // Parts shrink nearly as well as the whole did: an eighth is for the difference.
        let room = target.saturating_sub(BATCH_OVERHEAD) as u64;
        let room = match self.codec() {
            Codec::None => room,
            _ => room * body.len() as u64 / self.body().len() as u64 / 8 * 7,
        };
        let mut parts = Vec::new();
        self.cut(&records, room as usize, target, compressor, &mut parts)?;
        Ok(parts)
    }

    /// Some of its records, each range as a batch. The ranges are not empty, and within the batch.
    pub fn select(
        &self,
        ranges: &[Range<i32>],
        compressor: &mut Compressor,
        decompressor: &mut Decompressor,
    ) -> Result<Vec<Self>, InvalidBatch> {
        let body = self.decompressed(decompressor)?;
        let records = self.records(&body)?;
        let parts = ranges.iter().map(|range| {
            let mut part = builder(body.len())?;
            for record in &records[range.start as usize..range.end as usize] {
                // Beside another first record, timestamps may take more room than before.
                if !part.append_encoded(record.timestamp, &record.fields, NO_LIMIT) {
                    return Err(InvalidBatch::OutOfMemory);
                }
            }
            Ok(part.seal(self.compression, compressor))
        });
        parts.collect()
    }

    fn decompressed(&self, decompressor: &mut Decompressor) -> Result<Bytes, InvalidBatch> {
        let limit = self.uncompressed_size() - BATCH_OVERHEAD;
        Ok(decompressor.decompress(self.codec(), self.body(), limit)?)
    }

    fn records(&self, body: &Bytes) -> Result<Vec<Encoded>, InvalidBatch> {
        let mut input = Reader::new(body);
        let records = (0..self.count())
            .map(|_| {
                let size = usize::try_from(input.varint()?).map_err(|_| Malformed::Length)?;
                let end = input.position() + size;
                let _attributes = input.i8()?;
                let timestamp = self.contents.first_timestamp.wrapping_add(input.varlong()?);
                let _offset_delta = input.varint()?;
                let size = end.checked_sub(input.position()).ok_or(Malformed::Length)?;
                Ok(Encoded { timestamp, fields: input.bytes(size)? })
            })
            .collect::<Result<_, Malformed>>()?;
        input.finish()?;
        Ok(records)
    }

    /// Fills batches with up to `room` bytes of records each, before compression.
    fn cut(
        &self,
        records: &[Encoded],
        room: usize,
        target: usize,
        compressor: &mut Compressor,
        parts: &mut Vec<Self>,
    ) -> Result<(), InvalidBatch> {
        let mut rest = records;
        while !rest.is_empty() {
            let mut part = builder(room.min(self.uncompressed_size()))?;
            let fitting = rest
                .iter()
                .take_while(|record| part.append_encoded(record.timestamp, &record.fields, room))
                .count();
            if fitting == 0 {
                // There is room in an empty batch, unless the process has none.
                return Err(InvalidBatch::OutOfMemory);
            }
            let (these, others) = rest.split_at(fitting);
            let part = part.seal(self.compression, compressor);
            if part.size() > target && fitting > 1 {
                // These shrink less well than the whole.
                let half = (part.uncompressed_size() - BATCH_OVERHEAD) / 2;
                self.cut(these, half, target, compressor, parts)?;
            } else {
                parts.push(part);
            }
            rest = others;
        }
        Ok(())
    }
}

/// For how many bytes of records there is room where nothing but memory is a limit.
const NO_LIMIT: usize = usize::MAX - BATCH_OVERHEAD;

/// An empty batch with room for so many bytes of records.
fn builder(capacity: usize) -> Result<BatchBuilder, InvalidBatch> {
    let memory = reserved(capacity).map_err(|_| InvalidBatch::OutOfMemory)?;
    Ok(BatchBuilder::of_memory(memory))
}

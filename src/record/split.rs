//! Splits a batch that a broker found too large, or removes records from it. The records keep their
//! order and content; offsets and timestamps relative to the first record are recomputed.

use std::ops::Range;

use bytes::Bytes;

use super::{
    BATCH_OVERHEAD, BatchBuilder, Codec, Compressor, Decompressor, InvalidBatch, SealedBatch,
};
use crate::wire::{Malformed, Reader, reserved};

/// A record's timestamp, and its encoding from the key on.
struct Encoded {
    timestamp: i64,
    fields: Bytes,
}

impl SealedBatch {
    /// Splits the batch into parts, in order. Each part has at most `target` bytes as it is sent,
    /// or one record. Each part uses the requested compression, and knows its number of records.
    ///
    /// A batch of one record, or within the target, is returned unchanged: one part means that
    /// there is nothing to split.
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
        // Parts compress slightly worse than the whole: an eighth is the reserve.
        let room = target.saturating_sub(BATCH_OVERHEAD) as u64;
        let room = match self.codec() {
            Codec::None => room,
            _ => room * body.len() as u64 / self.body().len() as u64 / 8 * 7,
        };
        let mut parts = Vec::new();
        self.cut(&records, room as usize, target, compressor, &mut parts)?;
        Ok(parts)
    }

    /// Returns some records, each range as a batch. The ranges must be non-empty and within the
    /// batch.
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
                // Relative to another first record, timestamps may need more bytes.
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

    /// Fills batches with up to `room` uncompressed bytes of records each.
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
                // An empty batch accepts any record, so there is no memory.
                return Err(InvalidBatch::OutOfMemory);
            }
            let (these, others) = rest.split_at(fitting);
            let part = part.seal(self.compression, compressor);
            if part.size() > target && fitting > 1 {
                // These records compress worse than the whole batch.
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

/// A limit that only memory bounds.
const NO_LIMIT: usize = usize::MAX - BATCH_OVERHEAD;

/// Creates an empty batch with capacity for `capacity` bytes of records.
fn builder(capacity: usize) -> Result<BatchBuilder, InvalidBatch> {
    let memory = reserved(capacity).map_err(|_| InvalidBatch::OutOfMemory)?;
    Ok(BatchBuilder::of_memory(memory))
}

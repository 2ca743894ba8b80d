//! The state of a partition: the end offset and the last producer. Each connection has separate
//! state, so connections never wait for each other, and a producer that reconnects starts again.

use std::sync::atomic::Ordering::Relaxed;

use crate::batch::Batch;
use crate::tally::{Tally, add};

/// Kafka's code for an invalid batch or a checksum mismatch.
pub const CORRUPT_MESSAGE: i16 = 2;

#[derive(Clone, Default)]
pub struct Partition {
    pub end: i64,
    writer: Option<Writer>,
}

#[derive(Clone, Copy)]
struct Writer {
    producer_id: i64,
    epoch: i16,
    next_sequence: i32,
}

impl Partition {
    /// Counts the batches of one request. Fails with Kafka's code at the first invalid one.
    pub fn append(
        &mut self,
        mut records: &[u8],
        checks_crc: bool,
        tally: &Tally,
    ) -> Result<(), i16> {
        while !records.is_empty() {
            let batch = Batch::first(records).ok_or(CORRUPT_MESSAGE)?;
            if checks_crc && !batch.is_intact() {
                add(&tally.crc_errors, 1);
                return Err(CORRUPT_MESSAGE);
            }
            if batch.producer_id() >= 0 {
                self.follow(&batch, tally);
            }
            self.end += i64::from(batch.count());
            add(&tally.batches, 1);
            add(&tally.batch_bytes, batch.size());
            tally.records.fetch_add(batch.count() as u64, Relaxed);
            records = &records[batch.size()..];
        }
        Ok(())
    }

    /// Checks that the producer's sequence numbers are consecutive. The first one may be any.
    fn follow(&mut self, batch: &Batch<'_>, tally: &Tally) {
        let (producer_id, epoch) = (batch.producer_id(), batch.epoch());
        if let Some(last) = self.writer
            && (last.producer_id, last.epoch) == (producer_id, epoch)
            && last.next_sequence != batch.sequence()
        {
            add(&tally.sequence_errors, 1);
        }
        // Sequence numbers wrap to 0.
        let next_sequence = batch.sequence().wrapping_add(batch.count()) & i32::MAX;
        self.writer = Some(Writer { producer_id, epoch, next_sequence });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{CHECKED, CRC, PRODUCER_ID, SEQUENCE};
    use crate::drive::Values;
    use crate::wire::Writer as Bytes;

    /// Builds a batch of producer 7 with the base sequence `sequence`.
    fn batch(sequence: i32) -> (Vec<u8>, i32) {
        let mut out = Bytes::default();
        let count = Values::new(100).batch(&mut out, 1000, usize::MAX);
        let mut bytes = out.bytes;
        bytes[PRODUCER_ID].copy_from_slice(&7_i64.to_be_bytes());
        bytes[SEQUENCE].copy_from_slice(&sequence.to_be_bytes());
        let crc = crc32c::crc32c(&bytes[CHECKED..]);
        bytes[CRC].copy_from_slice(&crc.to_be_bytes());
        (bytes, count as i32)
    }

    #[test]
    fn what_follows_is_counted() {
        let (mut partition, tally) = (Partition::default(), Tally::default());
        let (first, count) = batch(0);
        let (second, _) = batch(count);
        let both = [first, second].concat();
        assert_eq!(partition.append(&both, true, &tally), Ok(()));
        assert_eq!(partition.end, 2 * i64::from(count));
        assert_eq!(tally.records.load(Relaxed), 2 * count as u64);
        assert_eq!(tally.batches.load(Relaxed), 2);
        assert_eq!(tally.sequence_errors.load(Relaxed), 0);
    }

    #[test]
    fn a_gap_is_noticed() {
        let (mut partition, tally) = (Partition::default(), Tally::default());
        let (first, count) = batch(0);
        let (second, _) = batch(count + 1);
        assert_eq!(partition.append(&[first, second].concat(), true, &tally), Ok(()));
        assert_eq!(tally.sequence_errors.load(Relaxed), 1);
    }

    #[test]
    fn zero_comes_after_the_largest_number() {
        let (mut partition, tally) = (Partition::default(), Tally::default());
        let (_, count) = batch(0);
        let (last, _) = batch(i32::MAX - count + 1);
        let (first, _) = batch(0);
        assert_eq!(partition.append(&[last, first].concat(), true, &tally), Ok(()));
        assert_eq!(tally.sequence_errors.load(Relaxed), 0);
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let (mut partition, tally) = (Partition::default(), Tally::default());
        let (mut bytes, _) = batch(0);
        *bytes.last_mut().expect("it has records") ^= 1;
        assert_eq!(partition.append(&bytes, true, &tally), Err(CORRUPT_MESSAGE));
        assert_eq!(tally.crc_errors.load(Relaxed), 1);
        assert_eq!(tally.records.load(Relaxed), 0);
        assert_eq!(partition.append(&bytes, false, &tally), Ok(()));
    }

    #[test]
    fn half_a_batch_is_none() {
        let (mut partition, tally) = (Partition::default(), Tally::default());
        let (bytes, _) = batch(0);
        let half = &bytes[..bytes.len() / 2];
        assert_eq!(partition.append(half, true, &tally), Err(CORRUPT_MESSAGE));
    }
}

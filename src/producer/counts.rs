//! Counts of batches, and of what belongs to no topic and no broker. Records are counted with their
//! topics and requests with their brokers, so that totals are sums. No decision of the machine may
//! depend on these counts.

use std::time::Duration;

use super::histogram::Histogram;
use super::metrics::{BatchMetrics, Latency, RecordMetrics};
use super::partition::Content;
use crate::record::SealedBatch;

#[derive(Debug, Default)]
pub(super) struct Counts {
    refused: u64,
    /// Records of forgotten topics.
    forgotten: RecordMetrics,
    bootstrap_failures: u64,
    sent: Sizes,
    acknowledged: u64,
    retries: u64,
    splits: u64,
    /// Retries included.
    sent_bytes: u64,
    acknowledgements: Histogram,
}

/// Batches that were sent for the first time.
#[derive(Debug, Default)]
struct Sizes {
    batches: u64,
    records: u64,
    bytes: u64,
    compressed: u64,
}

impl Counts {
    /// Counts a batch that goes into a request. An open batch is counted later, by
    /// [`Self::sealed`]: its size is not known before.
    pub(super) fn taken(&mut self, content: &Content, tries: u32) {
        let Content::Sealed(batch) = content else { return };
        if tries > 1 {
            self.retries += 1;
            self.sent_bytes += batch.size() as u64;
        } else {
            self.sealed(batch);
        }
    }

    pub(super) fn sealed(&mut self, batch: &SealedBatch) {
        self.sent.batches += 1;
        self.sent.records += batch.count() as u64;
        self.sent.bytes += batch.uncompressed_size() as u64;
        self.sent.compressed += batch.size() as u64;
        self.sent_bytes += batch.size() as u64;
    }

    pub(super) fn acknowledged(&mut self, records: u64, age: Duration) {
        self.acknowledged += 1;
        self.acknowledgements.record(age, records);
    }

    pub(super) fn split(&mut self) {
        self.splits += 1;
    }

    /// Counts a record that failed when it was handed over, of a topic that the machine does not
    /// know.
    pub(super) fn refuse(&mut self) {
        self.refused += 1;
    }

    pub(super) fn forget(&mut self, records: RecordMetrics) {
        self.forgotten += records;
    }

    pub(super) fn forgotten(&self) -> RecordMetrics {
        self.forgotten
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// Counts a metadata request that no broker answered.
    pub(super) fn bootstrap_failed(&mut self) {
        self.bootstrap_failures += 1;
    }

    pub(super) fn bootstrap_failures(&self) -> u64 {
        self.bootstrap_failures
    }

    pub(super) fn acknowledgement(&self) -> Latency {
        self.acknowledgements.latency()
    }

    pub(super) fn batches(&self, batch_size: usize) -> BatchMetrics {
        let Sizes { batches, records, bytes, compressed } = self.sent;
        let mean_bytes = ratio(bytes, batches);
        BatchMetrics {
            sent: batches,
            acknowledged: self.acknowledged,
            retries: self.retries,
            splits: self.splits,
            sent_bytes: self.sent_bytes,
            mean_records: ratio(records, batches),
            mean_bytes,
            fill: ratio(bytes, batches * batch_size as u64),
            compression_ratio: ratio(bytes, compressed),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "for display, and far below 2^53")]
fn ratio(of: u64, to: u64) -> Option<f64> {
    (to > 0).then(|| of as f64 / to as f64)
}

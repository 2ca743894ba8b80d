//! What a producer counts of batches, and of what belongs to no topic and no broker. Records are
//! counted with their topics and requests with their brokers, so that totals are sums. Nothing that
//! the machine decides may depend on what is here.

use std::time::Duration;

use super::histogram::Histogram;
use super::metrics::{BatchMetrics, Latency, RecordMetrics};
use super::partition::Content;
use crate::record::SealedBatch;

#[derive(Debug, Default)]
pub(super) struct Counts {
    refused: u64,
    /// Those of topics that were forgotten.
    forgotten: RecordMetrics,
    bootstrap_failures: u64,
    sent: Sizes,
    acknowledged: u64,
    retries: u64,
    splits: u64,
    /// What was sent, retries included.
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
    /// A batch goes into a request. One that is open counts when it [is sealed](Self::sealed):
    /// how large it is does not show before.
    pub(super) fn taken(&mut self, content: &Content, tries: u32) {
        let Content::Sealed(batch) = content else { return };
        if tries > 1 {
            self.retries += 1;
            self.sent_bytes += batch.size() as u64;
        } else {
            self.sealed(batch);
        }
    }

    /// A batch is sent for the first time.
    pub(super) fn sealed(&mut self, batch: &SealedBatch) {
        self.sent.batches += 1;
        self.sent.records += batch.count() as u64;
        self.sent.bytes += batch.uncompressed_size() as u64;
        self.sent.compressed += batch.size() as u64;
        self.sent_bytes += batch.size() as u64;
    }

    /// A batch was acknowledged, with so many records and at that age.
    pub(super) fn acknowledged(&mut self, records: u64, age: Duration) {
        self.acknowledged += 1;
        self.acknowledgements.record(age, records);
    }

    /// A batch was cut up.
    pub(super) fn split(&mut self) {
        self.splits += 1;
    }

    /// A record was handed over and failed at once, of a topic that is not known by name.
    pub(super) fn refuse(&mut self) {
        self.refused += 1;
    }

    /// A topic was forgotten.
    pub(super) fn forget(&mut self, records: RecordMetrics) {
        self.forgotten += records;
    }

    /// The records of topics that were forgotten.
    pub(super) fn forgotten(&self) -> RecordMetrics {
        self.forgotten
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// No broker could be asked about the cluster.
    pub(super) fn bootstrap_failed(&mut self) {
        self.bootstrap_failures += 1;
    }

    pub(super) fn bootstrap_failures(&self) -> u64 {
        self.bootstrap_failures
    }

    /// How long it took until records were acknowledged.
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

#[expect(clippy::cast_precision_loss, reason = "they are for the eye, and far below 2^53")]
fn ratio(of: u64, to: u64) -> Option<f64> {
    (to > 0).then(|| of as f64 / to as f64)
}

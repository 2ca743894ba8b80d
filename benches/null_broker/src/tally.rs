//! Counters of all connections together.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::cpu;

#[derive(Default)]
pub struct Tally {
    pub connections: AtomicU64,
    /// Connections that were closed because of an error.
    pub refused: AtomicU64,
    pub bytes_in: AtomicU64,
    pub requests: AtomicU64,
    pub produce_requests: AtomicU64,
    pub batches: AtomicU64,
    pub batch_bytes: AtomicU64,
    pub records: AtomicU64,
    /// Batches whose sequence number does not follow the previous one.
    pub sequence_errors: AtomicU64,
    /// Batches with a wrong checksum, if checksums are verified.
    pub crc_errors: AtomicU64,
}

impl Tally {
    pub fn line(&self) -> String {
        let counts = [
            ("connections", &self.connections),
            ("refused", &self.refused),
            ("bytes_in", &self.bytes_in),
            ("requests", &self.requests),
            ("produce_requests", &self.produce_requests),
            ("batches", &self.batches),
            ("batch_bytes", &self.batch_bytes),
            ("records", &self.records),
            ("sequence_errors", &self.sequence_errors),
            ("crc_errors", &self.crc_errors),
        ];
        let counts = counts.map(|(name, count)| format!("\"{name}\":{}", count.load(Relaxed)));
        format!("{{{},\"cpu_s\":{:.6}}}\n", counts.join(","), cpu::seconds())
    }
}

pub fn add(count: &AtomicU64, more: usize) {
    count.fetch_add(more as u64, Relaxed);
}

//! Metrics: a snapshot of what a producer has done so far, and of what it holds at the moment.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;

use crate::cluster::NodeId;

/// How often each of Kafka's error codes occurred, by its name.
pub type Errors = BTreeMap<&'static str, u64>;

/// A snapshot. Numbers only grow, except [`Self::pending`] and current values in the parts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    pub records: RecordMetrics,
    /// Failed records that no topic counts: they were refused for their size or their topic's name
    /// before the topic was known.
    pub refused: u64,
    /// Records that no topic counts, because their topic was unused for long and is forgotten.
    pub forgotten: RecordMetrics,
    pub pending: Pending,
    pub batches: BatchMetrics,
    pub requests: RequestMetrics,
    /// How often no broker answered a metadata request, as when no address is right.
    pub bootstrap_failures: u64,
    pub connect_failures: u64,
    pub disconnects: u64,
    /// Brokers' error codes for batches, including batches that a retry stored. A batch that an
    /// answer leaves out counts as `NETWORK_EXCEPTION`.
    pub errors: Errors,
    /// Time until records were acknowledged. All records of a batch count with the age of its
    /// first.
    pub acknowledgement: Latency,
    /// The brokers that the producer has used, by id.
    pub brokers: Vec<BrokerMetrics>,
    /// The topics that are not forgotten. A forgotten topic counts from 0 when it is used again.
    pub topics: Vec<TopicMetrics>,
}

/// Records that were handed over, and their outcomes: each once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordMetrics {
    /// All records, including those that were refused at once.
    pub handed_over: u64,
    /// Stored; without acknowledgements, written to the socket.
    pub acknowledged: u64,
    /// Bytes of the acknowledged records, as in a batch that is not compressed.
    pub acknowledged_bytes: u64,
    /// Reported as failed. Those that were in flight then may still be stored, and stay failed.
    pub failed: u64,
    /// Cancelled by their caller.
    pub unsent: u64,
}

impl RecordMetrics {
    pub fn unsettled(&self) -> u64 {
        self.handed_over - self.acknowledged - self.failed - self.unsent
    }
}

impl AddAssign for RecordMetrics {
    fn add_assign(&mut self, other: Self) {
        self.handed_over += other.handed_over;
        self.acknowledged += other.acknowledged;
        self.acknowledged_bytes += other.acknowledged_bytes;
        self.failed += other.failed;
        self.unsent += other.unsent;
    }
}

/// The current state. The numbers of records add up to those without an outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pending {
    /// Bytes of records that count against `buffer_memory`. A batch that expired or was purged in
    /// flight counts until its answer arrives.
    pub memory_used: usize,
    pub buffer_memory: usize,
    /// Records in batches that wait to be sent, for the first time or again.
    pub queued: usize,
    pub in_flight: usize,
    pub waiting_for_memory: usize,
    /// Records that wait for their topic to be known.
    pub waiting_for_topic: usize,
    /// Records that wait for their caller to choose a partition, for them or for earlier ones.
    pub waiting_for_placing: usize,
}

impl Pending {
    pub fn records(&self) -> usize {
        self.queued
            + self.in_flight
            + self.waiting_for_memory
            + self.waiting_for_topic
            + self.waiting_for_placing
    }
}

/// Batches. Means are over batches sent for the first time, and `None` before there is one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BatchMetrics {
    /// Batches that were sent, each counted once. The parts of a split batch count as other
    /// batches.
    pub sent: u64,
    /// Batches that were stored and whose records had not failed before.
    pub acknowledged: u64,
    pub retries: u64,
    /// Batches that were split: too large for their topic, or with records that a broker refused.
    pub splits: u64,
    /// Bytes of all batches as they were sent, headers and retries included.
    pub sent_bytes: u64,
    pub mean_records: Option<f64>,
    /// Bytes of a batch before compression, with its header.
    pub mean_bytes: Option<f64>,
    /// The same as a fraction of `batch_size`. Above 1 where records are larger than that.
    pub fill: Option<f64>,
    /// Uncompressed bytes per compressed byte.
    pub compression_ratio: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestMetrics {
    pub sent: u64,
    /// Requests whose connection ended before they were answered, or before they were sent.
    pub lost: u64,
    pub in_flight: usize,
    /// Time until brokers answered, from when the request's batches were sealed. Without
    /// acknowledgements there are no answers.
    pub latency: Latency,
    pub throttle_time: ThrottleTime,
}

/// Throttle times in brokers' answers: for this long the producer sends nothing to the broker. Each
/// counts as it is applied, at most a minute. Those of requests that were in flight together
/// overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ThrottleTime {
    /// Number of answers with a throttle time.
    pub count: u64,
    pub total: Duration,
    pub max: Duration,
}

impl ThrottleTime {
    pub(super) fn record(&mut self, time: Duration) {
        *self += Self { count: 1, total: time, max: time };
    }
}

impl AddAssign for ThrottleTime {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.total += other.total;
        self.max = self.max.max(other.max);
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerMetrics {
    pub id: NodeId,
    pub connected: bool,
    pub connect_failures: u64,
    pub disconnects: u64,
    pub requests: RequestMetrics,
    /// See [`Metrics::errors`].
    pub errors: Errors,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicMetrics {
    pub name: Arc<str>,
    /// 0 while that is not known.
    pub partitions: usize,
    pub records: RecordMetrics,
    /// This topic's part of [`Pending::queued`].
    pub queued: usize,
    /// This topic's part of [`Pending::in_flight`].
    pub in_flight: usize,
}

/// Durations; all zero if none was counted. Count, mean and maximum are exact. Percentiles are off
/// by at most 1/32, or by a microsecond if that is more; durations above 17 minutes count as 17
/// minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latency {
    pub count: u64,
    pub mean: Duration,
    pub p50: Duration,
    pub p90: Duration,
    pub p99: Duration,
    /// Not exceeded by 99.9 %.
    pub p999: Duration,
    pub max: Duration,
}

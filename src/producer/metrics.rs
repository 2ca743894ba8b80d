//! What a producer has done so far, and what it holds at the moment: a snapshot of numbers. It does
//! not know how they are counted.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;

use crate::cluster::NodeId;

/// How often each of Kafka's error codes was met, by its name.
pub type Errors = BTreeMap<&'static str, u64>;

/// A snapshot. But for [`Self::pending`] and what its parts hold at the moment, numbers only grow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// The records of all topics.
    pub records: RecordMetrics,
    /// Those of the failed records that are in no topic's numbers: they were refused, for their
    /// size or for their topic's name, before there was anything to know of the topic.
    pub refused: u64,
    /// Those of the records that are in no topic's numbers because their topic was not used for
    /// long and is forgotten.
    pub forgotten: RecordMetrics,
    /// What is held at the moment.
    pub pending: Pending,
    /// Batches.
    pub batches: BatchMetrics,
    /// The requests to all brokers.
    pub requests: RequestMetrics,
    /// How often no broker could be asked about the cluster, as when no address is right.
    pub bootstrap_failures: u64,
    /// Connections to brokers that could not be made.
    pub connect_failures: u64,
    /// Connections to brokers that ended.
    pub disconnects: u64,
    /// What brokers have answered in place of storing a batch, also where it was sent again with
    /// success. A batch that an answer leaves out counts as `NETWORK_EXCEPTION`.
    pub errors: Errors,
    /// How long acknowledged records took, from when the first of their batch was handed over:
    /// each counts as long as that one did.
    pub acknowledgement: Latency,
    /// The brokers that the producer has dealt with, by their ids.
    pub brokers: Vec<BrokerMetrics>,
    /// The topics that are not forgotten. One that was counts from 0 when it is used again.
    pub topics: Vec<TopicMetrics>,
}

/// Records that were handed over, and how they ended: each once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordMetrics {
    /// All that were taken in, even if only to be refused.
    pub handed_over: u64,
    /// Stored; without acknowledgements, written to the socket.
    pub acknowledged: u64,
    /// The bytes of those, as they stand in a batch that is not compressed.
    pub acknowledged_bytes: u64,
    /// Reported as failed. Those that were in flight then may be stored all the same, and stay
    /// failed.
    pub failed: u64,
    /// Taken back by their caller.
    pub unsent: u64,
}

impl RecordMetrics {
    /// How many have not ended yet.
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

/// What is held at the moment. The numbers of records add up to those that have not ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pending {
    /// Bytes of records that count against `buffer_memory`. A batch that was given up in flight
    /// counts until its answer is there.
    pub memory_used: usize,
    /// How many there may be.
    pub buffer_memory: usize,
    /// Records in batches that are not in flight, be it for the first time or for another.
    pub queued: usize,
    /// Records in batches that are in flight.
    pub in_flight: usize,
    /// Records that wait for memory.
    pub waiting_for_memory: usize,
    /// Records that wait for their topic to be known.
    pub waiting_for_topic: usize,
    /// Records that wait for their caller to say where they, or others before them, go.
    pub waiting_for_placing: usize,
}

impl Pending {
    /// All records that are held.
    pub fn records(&self) -> usize {
        self.queued
            + self.in_flight
            + self.waiting_for_memory
            + self.waiting_for_topic
            + self.waiting_for_placing
    }
}

/// Batches. The means are of first tries; each is `None` before there is one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BatchMetrics {
    /// Batches that were sent, each counted once. The parts of a split one are others.
    pub sent: u64,
    /// Batches that were stored, of those whose records had not failed before.
    pub acknowledged: u64,
    /// How often one was sent again.
    pub retries: u64,
    /// Batches that were cut up, being too large for their topic.
    pub splits: u64,
    /// What was sent of all batches, headers and retries included, as it was sent.
    pub sent_bytes: u64,
    /// How many records a batch has.
    pub mean_records: Option<f64>,
    /// How large a batch is before compression, with its header.
    pub mean_bytes: Option<f64>,
    /// The same, of `batch_size`. It is above 1 where records are larger than that.
    pub fill: Option<f64>,
    /// How many bytes compression makes one of.
    pub compression_ratio: Option<f64>,
}

/// Produce requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestMetrics {
    /// Those that were made.
    pub sent: u64,
    /// Those whose connection ended before they were answered, or before they were sent.
    pub lost: u64,
    /// Those that are under way.
    pub in_flight: usize,
    /// How long brokers took to answer, from when the request's batches were ready to be sent.
    /// Without acknowledgements there are no answers.
    pub latency: Latency,
    /// Throttle times in the brokers' answers.
    pub throttle_time: ThrottleTime,
}

/// Throttle times: for so long the producer sends nothing to a broker, because that asked for it.
/// Each counts as long as it is kept, a minute at most. Those of requests that were in flight
/// together overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ThrottleTime {
    /// How many answers had one.
    pub count: u64,
    /// Their sum.
    pub total: Duration,
    /// The longest.
    pub max: Duration,
}

impl ThrottleTime {
    /// Counts one more.
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

/// One broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerMetrics {
    /// Its id.
    pub id: NodeId,
    /// Whether there is a connection to it.
    pub connected: bool,
    /// Connections that could not be made.
    pub connect_failures: u64,
    /// Connections that ended.
    pub disconnects: u64,
    /// Requests to it.
    pub requests: RequestMetrics,
    /// What it has answered; see [`Metrics::errors`].
    pub errors: Errors,
}

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicMetrics {
    /// Its name.
    pub name: Arc<str>,
    /// How many partitions it has; 0 while that is not known.
    pub partitions: usize,
    /// Its records.
    pub records: RecordMetrics,
    /// Its part of [`Pending::queued`].
    pub queued: usize,
    /// Its part of [`Pending::in_flight`].
    pub in_flight: usize,
}

/// How long something took; all zero where nothing was counted. Count, mean and maximum are
/// exact. The percentiles are off by at most 1/32, or a microsecond where that is more, and take
/// what is longer for 17 minutes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latency {
    /// How many there were.
    pub count: u64,
    /// Their mean.
    pub mean: Duration,
    /// What half of them did not exceed.
    pub p50: Duration,
    /// What 90 % did not exceed.
    pub p90: Duration,
    /// What 99 % did not exceed.
    pub p99: Duration,
    /// What 99.9 % did not exceed.
    pub p999: Duration,
    /// The longest.
    pub max: Duration,
}

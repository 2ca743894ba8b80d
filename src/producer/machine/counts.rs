//! What the machine counts, and the snapshot that is made of it. Records are counted with their
//! topics and requests with their brokers, so that totals are sums. Nothing that the machine
//! decides may depend on what is here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Machine, Node};
use crate::error::ErrorCode;
use crate::producer::batch::{Content, Ended, Progress};
use crate::producer::histogram::Histogram;
use crate::producer::metrics::{
    BatchMetrics, BrokerMetrics, Errors, Metrics, Pending, RecordMetrics, RequestMetrics,
    ThrottleTime, TopicMetrics,
};
use crate::producer::topic::{NodeId, Place, Topic};
use crate::record::SealedBatch;

/// What belongs to no topic and no broker.
#[derive(Debug, Default)]
pub(super) struct Counts {
    refused: u64,
    /// How often no broker could be asked about the cluster.
    pub(super) bootstrap_failures: u64,
    sent: Sizes,
    acknowledged: u64,
    retries: u64,
    pub(super) splits: u64,
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

/// What belongs to a broker.
#[derive(Debug, Default)]
pub(super) struct NodeCounts {
    pub(super) requests: u64,
    pub(super) lost: u64,
    pub(super) connect_failures: u64,
    pub(super) disconnects: u64,
    pub(super) throttle_time: ThrottleTime,
    latencies: Histogram,
    errors: Errors,
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

    fn batches(&self, batch_size: usize) -> BatchMetrics {
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

impl NodeCounts {
    pub(super) fn answered(&mut self, latency: Duration) {
        self.latencies.record(latency, 1);
    }

    pub(super) fn refused(&mut self, code: ErrorCode) {
        *self.errors.entry(code.name()).or_default() += 1;
    }
}

impl<W> Machine<W> {
    /// What it has done so far, and what it holds at the moment. It looks at every partition.
    pub fn metrics(&self) -> Metrics {
        let topics: Vec<_> = self.topics.iter().map(metrics_of_topic).collect();
        let brokers: Vec<_> = self.nodes.iter().map(metrics_of_broker).collect();
        let Counts { refused, ref acknowledgements, .. } = self.counts;
        let mut metrics = Metrics {
            records: RecordMetrics { handed_over: refused, failed: refused, ..Default::default() },
            refused,
            bootstrap_failures: self.counts.bootstrap_failures,
            pending: self.pending(&topics),
            batches: self.counts.batches(self.config.batch_size),
            requests: self.all_requests(),
            acknowledgement: acknowledgements.latency(),
            ..Metrics::default()
        };
        for topic in &topics {
            metrics.records += topic.records;
        }
        for broker in &brokers {
            metrics.connect_failures += broker.connect_failures;
            metrics.disconnects += broker.disconnects;
            for (name, count) in &broker.errors {
                *metrics.errors.entry(name).or_default() += count;
            }
        }
        Metrics { brokers, topics, ..metrics }
    }

    fn pending(&self, topics: &[TopicMetrics]) -> Pending {
        Pending {
            memory_used: self.memory.used(),
            buffer_memory: self.config.buffer_memory,
            queued: topics.iter().map(|topic| topic.queued).sum(),
            in_flight: topics.iter().map(|topic| topic.in_flight).sum(),
            waiting_for_memory: self.memory.waiting(),
            waiting_for_topic: self.pending.unknown(),
            waiting_for_placing: self.pending.unplaced(),
        }
    }

    fn all_requests(&self) -> RequestMetrics {
        let mut latencies = Histogram::default();
        let mut all = RequestMetrics::default();
        for Node { counts, in_flight, .. } in self.nodes.values() {
            all.sent += counts.requests;
            all.lost += counts.lost;
            all.in_flight += in_flight;
            all.throttle_time += counts.throttle_time;
            latencies.add(&counts.latencies);
        }
        RequestMetrics { latency: latencies.latency(), ..all }
    }

    /// Records were handed over, of a topic that is known by name.
    pub(super) fn count_handed_over(&mut self, topic: usize, count: usize) {
        self.topics[topic].records.handed_over += count as u64;
    }

    /// A record was taken back by its caller.
    pub(super) fn count_unsent(&mut self, topic: usize) {
        self.topics[topic].records.unsent += 1;
    }

    /// A batch's records were acknowledged, and had not failed before.
    pub(super) fn count_acknowledged(&mut self, now: Instant, place: Place, ended: &Ended<W>) {
        let count = ended.count as u64;
        let records = &mut self.topics[place.topic].records;
        records.acknowledged += count;
        records.acknowledged_bytes += ended.record_bytes as u64;
        self.counts.acknowledged += 1;
        // A record of now would be due so much later than the batch's first: that is its age.
        let due = now + self.config.delivery_timeout;
        let age = due.saturating_duration_since(ended.deadline);
        self.counts.acknowledgements.record(age, count);
    }

    /// A record was handed over and failed at once, perhaps of a topic that is not known by name.
    pub(super) fn count_refused(&mut self, topic: &str) {
        if let Some(&index) = self.by_name.get(topic) {
            let records = &mut self.topics[index].records;
            records.handed_over += 1;
            records.failed += 1;
        } else {
            self.counts.refused += 1;
        }
    }
}

fn metrics_of_topic<W>(topic: &Topic<W>) -> TopicMetrics {
    let (mut queued, mut in_flight) = (0, 0);
    for batch in topic.partitions.iter().flat_map(|partition| &partition.queue) {
        match batch.progress {
            Progress::Queued => queued += batch.count() as usize,
            Progress::InFlight => in_flight += batch.count() as usize,
            // Its records have ended.
            Progress::GivenUp => {}
        }
        in_flight += batch.behind.iter().map(|ended| ended.count as usize).sum::<usize>();
    }
    TopicMetrics {
        name: Arc::clone(&topic.name),
        partitions: topic.count,
        records: topic.records,
        queued,
        in_flight,
    }
}

fn metrics_of_broker((id, node): (&NodeId, &Node)) -> BrokerMetrics {
    let counts = &node.counts;
    BrokerMetrics {
        id: *id,
        connected: node.connected,
        connect_failures: counts.connect_failures,
        disconnects: counts.disconnects,
        requests: RequestMetrics {
            sent: counts.requests,
            lost: counts.lost,
            in_flight: node.in_flight,
            latency: counts.latencies.latency(),
            throttle_time: counts.throttle_time,
        },
        errors: counts.errors.clone(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "they are for the eye, and far below 2^53")]
fn ratio(of: u64, to: u64) -> Option<f64> {
    (to > 0).then(|| of as f64 / to as f64)
}

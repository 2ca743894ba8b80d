//! Builds the metrics, and counts records with their topics.

use std::sync::Arc;
use std::time::Instant;

use super::Machine;
use crate::cluster::{self, Place};
use crate::producer::metrics::{Metrics, Pending, RecordMetrics, TopicMetrics};
use crate::producer::partition::Completion;
use crate::producer::queues::TopicQueues;

impl<W> Machine<W> {
    /// Visits every partition.
    pub fn metrics(&self) -> Metrics {
        let topics: Vec<_> = self.metrics_of_topics();
        let brokers = self.nodes.metrics();
        let refused = self.counts.refused();
        let mut metrics = Metrics {
            records: RecordMetrics { handed_over: refused, failed: refused, ..Default::default() },
            refused,
            forgotten: self.counts.forgotten(),
            bootstrap_failures: self.counts.bootstrap_failures(),
            pending: self.pending(&topics),
            batches: self.counts.batches(self.config.batch_size),
            requests: self.nodes.request_metrics(),
            acknowledgement: self.counts.acknowledgement(),
            ..Metrics::default()
        };
        metrics.records += metrics.forgotten;
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

    fn metrics_of_topics(&self) -> Vec<TopicMetrics> {
        let topics = self.cluster.indices();
        topics
            .map(|index| metrics_of_topic(self.cluster.topic(index), &self.queues[index]))
            .collect()
    }

    fn pending(&self, topics: &[TopicMetrics]) -> Pending {
        Pending {
            memory_used: self.memory.used(),
            buffer_memory: self.config.buffer_memory,
            queued: topics.iter().map(|topic| topic.queued).sum(),
            in_flight: topics.iter().map(|topic| topic.in_flight).sum(),
            waiting_for_memory: self.memory.waiting(),
            waiting_for_topic: self.unassigned.unknown(),
            waiting_for_placing: self.unassigned.unplaced(),
        }
    }

    pub(super) fn count_handed_over(&mut self, topic: usize, count: usize) {
        self.queues[topic].records.handed_over += count as u64;
    }

    pub(super) fn count_unsent(&mut self, topic: usize) {
        self.queues[topic].records.unsent += 1;
    }

    /// Counts the records of an acknowledged batch, which had not failed before.
    pub(super) fn count_acknowledged(
        &mut self,
        now: Instant,
        place: Place,
        completion: &Completion<W>,
    ) {
        let count = completion.count as u64;
        let records = &mut self.queues[place.topic].records;
        records.acknowledged += count;
        records.acknowledged_bytes += completion.record_bytes as u64;
        // A record handed over now would be due at `due`. The first record of the batch is older by
        // the difference.
        let due = now + self.config.delivery_timeout;
        self.counts.acknowledged(count, due.saturating_duration_since(completion.deadline));
    }

    /// Counts a record that failed when it was handed over, perhaps of a topic that is not known.
    pub(super) fn count_refused(&mut self, topic: &str) {
        if let Some(index) = self.cluster.find(topic) {
            let records = &mut self.queues[index].records;
            records.handed_over += 1;
            records.failed += 1;
        } else {
            self.counts.refuse();
        }
    }
}

fn metrics_of_topic<W>(described: &cluster::Topic, topic: &TopicQueues<W>) -> TopicMetrics {
    let (mut queued, mut in_flight) = (0, 0);
    for partition in &topic.partitions {
        let records = partition.records();
        queued += records.0;
        in_flight += records.1;
    }
    TopicMetrics {
        name: Arc::clone(described.name()),
        partitions: topic.count,
        records: topic.records,
        queued,
        in_flight,
    }
}

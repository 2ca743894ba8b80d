//! Counts of everything between the machine, its caller and the cluster. The machine's own metrics
//! must agree with them at any time.

use std::collections::BTreeMap;
use std::time::Duration;

use dekaf::config::Config;
use dekaf::producer::{
    Errors, Machine, Metrics, RecordMetrics, RequestId, RequestMetrics, ThrottleTime,
};
use dekaf::protocol::ProduceResponse;

#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) requests: u64,
    pub(crate) lost: u64,
    pub(crate) answered: u64,
    pub(crate) written: u64,
    pub(crate) batches: u64,
    pub(crate) bytes: u64,
    pub(crate) connect_failures: u64,
    pub(crate) disconnects: u64,
    errors: Errors,
    /// The sizes of batches that are being sealed, by request. They are counted once sealed.
    sealing: BTreeMap<RequestId, Vec<usize>>,
    throttle_time: ThrottleTime,
}

impl Seen {
    /// Counts a batch of a request. An open batch is counted once it is sealed.
    pub(crate) fn batch(&mut self, id: RequestId, is_open: bool, size: usize) {
        if is_open {
            self.sealing.entry(id).or_default().push(size);
        } else {
            self.batches += 1;
            self.bytes += size as u64;
        }
    }

    /// Counts the batches of a request whose sealing has finished.
    pub(crate) fn sealed(&mut self, id: RequestId) {
        for size in self.sealing.remove(&id).unwrap_or_default() {
            self.batches += 1;
            self.bytes += size as u64;
        }
    }

    /// Counts a broker's answer that has reached the machine.
    pub(crate) fn answer(&mut self, response: &ProduceResponse) {
        self.answered += 1;
        if response.throttle_time_ms > 0 {
            let silence = Duration::from_millis(response.throttle_time_ms as u64);
            let one = ThrottleTime { count: 1, total: silence, max: silence };
            self.throttle_time += one;
        }
        for answer in response.responses.iter().flat_map(|topic| &topic.partition_responses) {
            if !answer.error_code.is_success() {
                *self.errors.entry(answer.error_code.name()).or_default() += 1;
            }
        }
    }

    /// Returns the machine's metrics that differ from these counts or contradict each other.
    /// `topics` has the results of each topic's records.
    pub(crate) fn disagreements<W>(
        &self,
        machine: &Machine<W>,
        config: &Config,
        lateness: Duration,
        topics: &BTreeMap<String, RecordMetrics>,
    ) -> Vec<String> {
        let metrics = machine.metrics();
        let open = self.requests - self.lost - self.answered - self.written;
        let open = if machine.is_finished() { 0 } else { open };
        let held = metrics.pending.records() as u64;
        let equal = [
            ("records that are held", held, metrics.records.unsettled()),
            ("unsettled records", machine.unsettled() as u64, metrics.records.unsettled()),
            ("bytes in use", metrics.pending.memory_used as u64, machine.memory_used() as u64),
            ("records that were refused outright", metrics.refused, 0),
            ("requests", metrics.requests.sent, self.requests),
            ("lost requests", metrics.requests.lost, self.lost),
            ("requests in flight", metrics.requests.in_flight as u64, open),
            ("answers", metrics.requests.latency.count, self.answered),
            ("batches", metrics.batches.sent + metrics.batches.retries, self.batches),
            ("bytes on the wire", metrics.batches.sent_bytes, self.bytes),
            ("failed connections", metrics.connect_failures, self.connect_failures),
            ("ended connections", metrics.disconnects, self.disconnects),
            ("latencies", metrics.acknowledgement.count, metrics.records.acknowledged),
        ];
        let at_most = [
            ("records held while idle", if machine.is_idle() { held } else { 0 }, 0),
            ("acknowledged batches", metrics.batches.acknowledged, metrics.batches.sent),
            (
                "milliseconds to an acknowledgement",
                metrics.acknowledgement.max.as_millis() as u64,
                config.delivery_timeout.as_millis() as u64,
            ),
            (
                "milliseconds to an answer",
                metrics.requests.latency.max.as_millis() as u64,
                (config.request_timeout + lateness).as_millis() as u64,
            ),
        ];
        let unequal = equal.into_iter().filter(|(_, told, seen)| told != seen);
        let too_much = at_most.into_iter().filter(|(_, told, most)| told > most);
        let mut wrong: Vec<String> = unequal
            .chain(too_much)
            .map(|(what, told, right)| format!("{told} {what} are counted, and not {right}"))
            .collect();
        if metrics.errors != self.errors {
            wrong.push(format!("the errors are {:?}, and not {:?}", metrics.errors, self.errors));
        }
        let throttle_time = metrics.requests.throttle_time;
        if throttle_time != self.throttle_time {
            let seen = self.throttle_time;
            wrong.push(format!("the throttle time is {throttle_time:?}, and not {seen:?}"));
        }
        if !brokers_add_up(&metrics) {
            wrong.push(format!("the brokers' numbers do not add up: {metrics:?}"));
        }
        if !topics_add_up(&metrics) {
            wrong.push(format!("the topics' numbers do not add up: {metrics:?}"));
        }
        // The size of records is not observable from outside.
        let mut forgotten = RecordMetrics { acknowledged_bytes: 0, ..metrics.forgotten };
        for (name, seen) in topics {
            let told = metrics.topics.iter().find(|topic| *topic.name == **name);
            let told = told.map(|topic| topic.records).unwrap_or_default();
            let told = RecordMetrics { acknowledged_bytes: 0, ..told };
            // A forgotten topic's earlier counts are only in `forgotten`.
            let earlier = difference(*seen, told).and_then(|of| difference(forgotten, of));
            match earlier {
                Some(rest) => forgotten = rest,
                None => wrong.push(format!("{name} is said to have {told:?}, and not {seen:?}")),
            }
        }
        if forgotten != RecordMetrics::default() {
            wrong.push(format!("{forgotten:?} are forgotten, and were never there"));
        }
        wrong
    }
}

fn brokers_add_up(metrics: &Metrics) -> bool {
    let mut sum = RequestMetrics { latency: metrics.requests.latency, ..Default::default() };
    let (mut answered, mut slowest) = (0, Duration::ZERO);
    let (mut connect_failures, mut disconnects, mut errors) = (0, 0, Errors::new());
    for broker in &metrics.brokers {
        let requests = &broker.requests;
        sum.sent += requests.sent;
        sum.lost += requests.lost;
        sum.in_flight += requests.in_flight;
        sum.throttle_time += requests.throttle_time;
        answered += requests.latency.count;
        slowest = requests.latency.max.max(slowest);
        connect_failures += broker.connect_failures;
        disconnects += broker.disconnects;
        for (name, count) in &broker.errors {
            *errors.entry(name).or_default() += count;
        }
    }
    sum == metrics.requests
        && (answered, slowest) == (sum.latency.count, sum.latency.max)
        && (connect_failures, disconnects) == (metrics.connect_failures, metrics.disconnects)
        && errors == metrics.errors
}

fn difference(all: RecordMetrics, part: RecordMetrics) -> Option<RecordMetrics> {
    Some(RecordMetrics {
        handed_over: all.handed_over.checked_sub(part.handed_over)?,
        acknowledged: all.acknowledged.checked_sub(part.acknowledged)?,
        acknowledged_bytes: all.acknowledged_bytes.checked_sub(part.acknowledged_bytes)?,
        failed: all.failed.checked_sub(part.failed)?,
        unsent: all.unsent.checked_sub(part.unsent)?,
    })
}

fn topics_add_up(metrics: &Metrics) -> bool {
    let mut sum = metrics.forgotten;
    let (mut queued, mut in_flight) = (0, 0);
    for topic in &metrics.topics {
        sum += topic.records;
        queued += topic.queued;
        in_flight += topic.in_flight;
    }
    sum == metrics.records
        && (queued, in_flight) == (metrics.pending.queued, metrics.pending.in_flight)
}

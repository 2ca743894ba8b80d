//! The records that the machine has accepted, and their results. At the end they are compared with
//! the records that a consumer would see.

mod error_texts;
mod order;
mod record_errors;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dekaf::config::{Config, Partitioner};
use dekaf::error::{Error, ErrorCode, ErrorKind};
use dekaf::producer::{Metrics, RecordMetrics, Settled, Ticket, Who};
use dekaf::record::BATCH_OVERHEAD;

use error_texts::{StartTimes, names_topic};
use order::{Ended, Order};

use super::cluster::{Cluster, TopicId};
use super::rules::{Rule, Violations};
use super::scenario::Scenario;

/// A waiter of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiter {
    Record(u64),
    /// A flush, and the number of records handed over before it.
    Flush(u64),
    Close,
    /// A call that waits for memory for an all-or-nothing batch.
    Room(u64),
    /// A call that waits until a record has left the memory queue.
    Admission(Ticket),
    /// A call to describe the cluster, and the number of metadata requests before it.
    Cluster(u64),
}

impl Waiter {
    /// Splits a waiter for consecutive records: returns the one without the first `but` records.
    pub(crate) fn rest(&self, but: i32) -> Self {
        match self {
            Self::Record(id) => Self::Record(id + but as u64),
            _ => unreachable!("only records are waited for in a row"),
        }
    }
}

/// The waiter of this record. It can join the waiter of the previous record, if that is the one
/// that was handed over directly before.
pub(crate) struct Next(pub(crate) u64);

impl Who<Waiter> for Next {
    fn is_next_of(&self, waiter: &Waiter, count: i32) -> bool {
        *waiter == Waiter::Record(self.0 - count as u64)
    }

    fn make(self) -> Option<Waiter> {
        Some(Waiter::Record(self.0))
    }
}

/// Returns a record's timestamp. Some consecutive records share theirs.
pub(crate) fn made_at(id: u64) -> i64 {
    1_000 + (id / 8 * 8) as i64
}

#[derive(Debug)]
struct TrackedRecord {
    topic: String,
    /// When it was handed over, and when its call began. The delivery timeout starts at the latter.
    at: Duration,
    since: Duration,
    deadline: Duration,
    placed: PartitionChoice,
    /// Whether it had to wait for memory.
    waits: bool,
    /// Whether its topic was deleted at that time and the machine knew it.
    is_gone: bool,
    /// The topic's id at that time, if all brokers knew the partition that the record names.
    exists_in: Option<TopicId>,
    /// The largest partition count of its topic that the machine has received since then.
    partitions: Option<i32>,
    outcome: Option<Outcome>,
}

/// The caller's choice of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PartitionChoice {
    /// Not chosen.
    None,
    In(i32),
    /// The caller was asked, but failed to choose.
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Stored {
        partition: i32,
        offset: i64,
    },
    Failed {
        code: Option<ErrorCode>,
        maybe_written: bool,
        text: String,
    },
    /// The record was cancelled.
    Withdrawn,
    /// The record was not accepted.
    NotTaken,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    records: BTreeMap<u64, TrackedRecord>,
    open: BTreeSet<u64>,
    /// The results of each topic's records.
    topics: BTreeMap<String, RecordMetrics>,
    /// The last record of each topic that the caller was asked to place.
    asked: BTreeMap<String, u64>,
    /// All-or-nothing batches.
    wholes: Vec<Vec<u64>>,
    /// Waiters for records to leave the memory queue.
    admissions: BTreeSet<Ticket>,
    /// The number of unfinished flushes and closes.
    calls: u32,
    order: Order,
    start_times: StartTimes,
    /// Topics that the machine knows to be deleted.
    gone: BTreeSet<String>,
    /// The partition count of each topic that the machine has received.
    partitions: BTreeMap<String, i32>,
    /// The first record of each topic that was handed over since the topic shrank.
    shrunk: BTreeMap<String, u64>,
    delivery_timeout: Duration,
    metadata_timeout: Duration,
    /// Whether records wait until the caller has placed them.
    asks: bool,
    violations: Violations,
    most_memory: usize,
}

impl Ledger {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let Config { delivery_timeout, metadata_timeout, partitioner, .. } = scenario.config;
        let asks = partitioner == Partitioner::Caller;
        Self { delivery_timeout, metadata_timeout, asks, ..Self::default() }
    }

    pub(crate) fn violation(&mut self, rule: Rule, what: &str) {
        self.violations.add(rule, what);
    }

    pub(crate) fn into_violations(self) -> Vec<String> {
        self.violations.into_list()
    }

    /// Returns whether there are too many violations to continue.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.violations.are_hopeless()
    }

    /// Adds a record that is handed over `at` this time, for a call that began at `since`.
    pub(crate) fn handed_over(&mut self, id: u64, topic: &str, at: Duration, since: Duration) {
        let tracked = TrackedRecord {
            topic: topic.to_owned(),
            at,
            since,
            deadline: since + self.delivery_timeout,
            placed: PartitionChoice::None,
            waits: false,
            is_gone: self.gone.contains(topic),
            exists_in: None,
            partitions: self.partitions.get(topic).copied(),
            outcome: None,
        };
        self.records.insert(id, tracked);
        self.open.insert(id);
        self.topics.entry(topic.to_owned()).or_default().handed_over += 1;
        self.start_times.add(topic, since);
    }

    /// Notes that a record names its partition.
    pub(crate) fn named(&mut self, id: u64, partition: i32, cluster: &Cluster) {
        self.placed(id, Some(partition));
        if let Some(tracked) = self.records.get_mut(&id) {
            let exists = cluster.all_know(&tracked.topic, partition);
            tracked.exists_in = cluster.topic_id(&tracked.topic).filter(|_| exists);
        }
    }

    /// Notes that a record waits for memory.
    pub(crate) fn waits(&mut self, id: u64) {
        if let Some(tracked) = self.records.get_mut(&id) {
            tracked.waits = true;
        }
    }

    /// Notes that the machine knows that a topic does not exist, and all brokers agree.
    pub(crate) fn topic_is_gone(&mut self, topic: &str) {
        self.gone.insert(topic.to_owned());
    }

    /// Notes the partition count that the machine has received for a topic; `None` if the answer
    /// may be outdated. The machine may then append records that waited for the topic.
    pub(crate) fn topic_is_there(&mut self, topic: &str, partitions: Option<i32>) {
        match partitions {
            Some(partitions) => self.partitions.insert(topic.to_owned(), partitions),
            None => self.partitions.remove(topic),
        };
        let is_back = self.gone.remove(topic);
        for id in &self.open {
            if let Some(tracked) = self.records.get_mut(id).filter(|held| held.topic == topic) {
                tracked.is_gone &= !is_back;
                tracked.partitions =
                    tracked.partitions.zip(partitions).map(|(before, now)| before.max(now));
            }
        }
    }

    /// Notes that the machine has received another incarnation of a topic, maybe with fewer
    /// partitions.
    pub(crate) fn topic_is_other(&mut self, topic: &str, shrinks: bool) {
        let next = self.records.last_key_value().map_or(0, |(last, _)| last + 1);
        self.order.start_over(topic, next);
        if shrinks {
            self.shrunk.insert(topic.to_owned(), next);
        }
    }

    pub(crate) fn topics(&self) -> &BTreeMap<String, RecordMetrics> {
        &self.topics
    }

    /// Notes that the caller was asked to place a record.
    pub(crate) fn asked(&mut self, id: u64, topic: &str) {
        let before = self.asked.insert(topic.to_owned(), id);
        if before.is_some_and(|before| before >= id) {
            self.violation(Rule::Placing, &format!("record {id} is to be placed after {before:?}"));
        }
        if !self.open.contains(&id) {
            let what = format!("record {id} is to be placed and was settled before");
            self.violation(Rule::Placing, &what);
        }
    }

    /// Notes where the caller placed a record; `None` if it failed to.
    pub(crate) fn placed(&mut self, id: u64, partition: Option<i32>) {
        if let Some(tracked) = self.records.get_mut(&id) {
            tracked.placed = partition.map_or(PartitionChoice::Failed, PartitionChoice::In);
        }
    }

    pub(crate) fn cancelled(&mut self, id: u64) {
        self.end(id, Outcome::Withdrawn);
    }

    pub(crate) fn not_taken(&mut self, id: u64) {
        self.end(id, Outcome::NotTaken);
    }

    pub(crate) fn first_open(&self) -> Option<u64> {
        self.open.first().copied()
    }

    pub(crate) fn has_open(&self, topic: &str) -> bool {
        self.open.iter().filter_map(|id| self.records.get(id)).any(|open| open.topic == topic)
    }

    /// Returns whether a record of the topic was accepted before.
    pub(crate) fn knows(&self, topic: &str) -> bool {
        self.topics.get(topic).is_some_and(|records| records.handed_over > 0)
    }

    pub(crate) fn close(&mut self) -> Waiter {
        self.calls += 1;
        Waiter::Close
    }

    pub(crate) fn flush(&mut self) -> Waiter {
        self.calls += 1;
        Waiter::Flush(self.records.len() as u64)
    }

    pub(crate) fn admission(&mut self, ticket: Ticket) -> Waiter {
        self.admissions.insert(ticket);
        Waiter::Admission(ticket)
    }

    /// Notes that a waiter was notified that its record has left the memory queue.
    pub(crate) fn admitted(&mut self, ticket: Ticket, waits: bool) {
        if waits || !self.admissions.remove(&ticket) {
            let what = format!("admission {ticket} was told wrongly: waits {waits}");
            self.violation(Rule::Admission, &what);
        }
    }

    pub(crate) fn whole(&mut self, ids: Vec<u64>) {
        self.wholes.push(ids);
    }

    /// Checks a memory usage above the limit. Only the headers of split batches may exceed it.
    pub(crate) fn over_limit(&mut self, used: usize, limit: usize, metrics: &Metrics) {
        let splits = metrics.batches.splits > 0;
        let headers = if splits { BATCH_OVERHEAD * metrics.pending.records() } else { 0 };
        if used > limit + headers && used > self.most_memory {
            self.violation(Rule::Memory, &format!("{used} bytes are held, the limit is {limit}"));
        }
        self.most_memory = self.most_memory.max(used);
    }

    pub(crate) fn settled(&mut self, now: Duration, settled: Settled<Waiter>, cluster: &Cluster) {
        match settled {
            Settled::Call { waiter: Waiter::Flush(before), .. } => {
                self.call_ended();
                if let Some(open) = self.open.first().filter(|open| **open < before) {
                    let what = format!("a flush ended at {now:?} before record {open} did");
                    self.violation(Rule::Flush, &what);
                }
            }
            Settled::Call { .. } => self.call_ended(),
            Settled::Batch(batch) => {
                for waiting in batch.waiting {
                    let Waiter::Record(first) = waiting.waiter else { continue };
                    for (number, id) in (0..waiting.count).zip(first..) {
                        if waiting.timestamp != made_at(id) && waiting.timestamp != 0 {
                            let what = format!("record {id} came back with another's timestamp");
                            self.violation(Rule::Timestamp, &what);
                        }
                        let outcome = match &batch.outcome {
                            Ok(stored) if stored.base_offset < 0 => {
                                Outcome::Stored { partition: batch.partition, offset: -1 }
                            }
                            Ok(stored) => Outcome::Stored {
                                partition: batch.partition,
                                offset: stored.base_offset + i64::from(waiting.index + number),
                            },
                            Err(error) => Outcome::Failed {
                                code: error.context().code,
                                maybe_written: error.context().maybe_written,
                                text: error.to_string(),
                            },
                        };
                        let error = batch.outcome.as_ref().err();
                        self.on_time(now, id);
                        self.is_there(id, batch.partition);
                        self.in_order(now, id, batch.partition, error);
                        if let Some(error) = error {
                            self.check_error(now, id, error, cluster);
                        }
                        self.end(id, outcome);
                    }
                }
            }
        }
    }

    fn call_ended(&mut self) {
        match self.calls.checked_sub(1) {
            Some(left) => self.calls = left,
            None => self.violation(Rule::Settled, "a call was settled twice"),
        }
    }

    fn on_time(&mut self, now: Duration, id: u64) {
        let deadline = self.records.get(&id).map_or(Duration::MAX, |tracked| tracked.deadline);
        if now > deadline {
            let what = format!("record {id} was settled at {now:?}, due at {deadline:?}");
            self.violation(Rule::Late, &what);
        }
    }

    /// Checks that a record without a chosen partition went into an existing one.
    fn is_there(&mut self, id: u64, partition: i32) {
        let Some(tracked) = self.records.get(&id) else { return };
        let topic = &tracked.topic;
        let is_gone = |count: Option<&i32>| count.is_some_and(|count| partition >= *count);
        if tracked.placed == PartitionChoice::None
            && is_gone(tracked.partitions.as_ref())
            && is_gone(self.partitions.get(topic))
        {
            let what = format!("record {id} is in partition {partition} of {topic}: there is none");
            self.violations.add(Rule::Ghost, &what);
        }
    }

    fn in_order(&mut self, now: Duration, id: u64, partition: i32, error: Option<&Error>) {
        let Some(TrackedRecord { topic, deadline, .. }) = self.records.get(&id) else { return };
        let ended = Ended { id, topic, partition, error, deadline: *deadline };
        if let Some(later) = self.order.settled(now, ended) {
            let what = format!("{topic}/{partition}: record {id} is settled after {later}");
            self.violations.add(Rule::Order, &what);
        }
    }

    /// Checks that an error is true.
    fn check_error(&mut self, now: Duration, id: u64, error: &Error, cluster: &Cluster) {
        let Some(tracked) = self.records.get(&id) else { return };
        let TrackedRecord { topic, at, since, placed, .. } = tracked;
        let mut wrong = |rule, what: &str| {
            let what = format!("record {id} of {since:?} for {topic} fails at {now:?}{what}");
            self.violations.add(rule, &format!("{what}: {error}"));
        };
        if !names_topic(error, topic) {
            wrong(Rule::Topic, ", and the error does not name the topic");
        }
        if !self.start_times.agree(now, topic, *since, error) {
            wrong(Rule::Deadline, ", and the limit is another one");
        }
        let is_expired = error.kind() == ErrorKind::DeliveryTimeout;
        // A purged record fails only after the kept records before it, however long they take.
        let is_expected = error.kind() != ErrorKind::Purged
            && tracked.is_gone
            && self.gone.contains(topic)
            && !tracked.waits
            && !self.asks
            && *at + self.metadata_timeout < tracked.deadline;
        if is_expected && (is_expired || now > *at + self.metadata_timeout) {
            wrong(Rule::Unknown, ", although its topic was known to be deleted");
        }
        if let (Some(id), PartitionChoice::In(partition)) = (tracked.exists_in, *placed)
            && error.kind() == ErrorKind::UnknownPartition
            && cluster.topic_id(topic) == Some(id)
            && cluster.hidden_until(topic) <= *at
        {
            wrong(Rule::Partition, &format!(", and all brokers know partition {partition}"));
        }
    }

    fn end(&mut self, id: u64, outcome: Outcome) {
        self.open.remove(&id);
        let Some(tracked) = self.records.get_mut(&id) else {
            let what = format!("record {id} was settled and never handed over");
            return self.violation(Rule::Settled, &what);
        };
        if let Some(before) = tracked.outcome.take() {
            let what = format!("record {id} was settled twice: {before:?}, {outcome:?}");
            self.violations.add(Rule::Settled, &what);
        }
        let records = self.topics.entry(tracked.topic.clone()).or_default();
        match outcome {
            Outcome::Stored { .. } => records.acknowledged += 1,
            Outcome::Failed { .. } => records.failed += 1,
            Outcome::Withdrawn => records.unsent += 1,
            Outcome::NotTaken => records.handed_over -= 1,
        }
        tracked.outcome = Some(outcome);
    }
}

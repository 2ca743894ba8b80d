//! What was promised and what came of it. At the end it is held against what the cluster has
//! stored, as a consumer would see it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dekaf::config::Partitioner;
use dekaf::error::{Error, ErrorKind};
use dekaf::producer::{RecordMetrics, Settled, Ticket, Who};

use super::cluster::{Cluster, StoredLog};
use super::rules::{Rule, Violations};
use super::scenario::Scenario;

/// Who waits for the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiter {
    Record(u64),
    /// A flush, and how many records had been handed over before it.
    Flush(u64),
    Close,
    /// A call waits for room for a whole.
    Room(u64),
    /// Somebody waits until a record has its place in memory.
    Admission(Ticket),
}

impl Waiter {
    /// Who waits for all but the first so many of several records in a row.
    pub(crate) fn rest(&self, but: i32) -> Self {
        match self {
            Self::Record(id) => Self::Record(id + but as u64),
            _ => unreachable!("only records are waited for in a row"),
        }
    }
}

/// Who is to wait for a record: whoever waits for the record before, if that is the one that was
/// handed over before.
pub(crate) struct Next(pub(crate) u64);

impl Who<Waiter> for Next {
    fn is_next_of(&self, waiter: &Waiter, count: i32) -> bool {
        *waiter == Waiter::Record(self.0 - count as u64)
    }

    fn make(self) -> Option<Waiter> {
        Some(Waiter::Record(self.0))
    }
}

/// When a record was made, by its own account: some in a row at the same time.
pub(crate) fn made_at(id: u64) -> i64 {
    1_000 + (id / 8 * 8) as i64
}

/// A record that was handed over.
#[derive(Debug)]
struct Promise {
    topic: String,
    deadline: Duration,
    placed: Placed,
    outcome: Option<Outcome>,
}

/// Where the caller wants a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placed {
    /// It did not say.
    Anywhere,
    In(i32),
    /// It was asked, and could not say.
    Nowhere,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Stored {
        partition: i32,
        offset: i64,
    },
    Failed {
        kind: ErrorKind,
        maybe_written: bool,
    },
    /// It was taken back.
    Withdrawn,
    /// It was never taken in.
    NotTaken,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    promises: BTreeMap<u64, Promise>,
    open: BTreeSet<u64>,
    /// How the records of each topic ended.
    topics: BTreeMap<String, RecordMetrics>,
    /// The last record of each topic that the caller was asked to place.
    asked: BTreeMap<String, u64>,
    /// Records that are stored together or not at all.
    wholes: Vec<Vec<u64>>,
    /// Who waits for records to leave the line for memory.
    admissions: BTreeSet<Ticket>,
    /// Flushes and closes that have not ended.
    calls: u32,
    violations: Violations,
    most_memory: usize,
}

/// What a split may add to the memory that was counted: its parts' headers.
const MEMORY_SLACK: usize = 2_000;

impl Ledger {
    pub(crate) fn violation(&mut self, rule: Rule, what: &str) {
        self.violations.add(rule, what);
    }

    pub(crate) fn into_violations(self) -> Vec<String> {
        self.violations.into_list()
    }

    /// Whether it is no use to go on.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.violations.are_hopeless()
    }

    pub(crate) fn handed_over(&mut self, id: u64, topic: &str, deadline: Duration) {
        let promise =
            Promise { topic: topic.to_owned(), deadline, placed: Placed::Anywhere, outcome: None };
        self.promises.insert(id, promise);
        self.open.insert(id);
        self.topics.entry(topic.to_owned()).or_default().handed_over += 1;
    }

    /// What became of the records of each topic so far.
    pub(crate) fn topics(&self) -> &BTreeMap<String, RecordMetrics> {
        &self.topics
    }

    /// The caller was asked where a record goes.
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

    /// Somebody said where a record goes, or could not.
    pub(crate) fn placed(&mut self, id: u64, partition: Option<i32>) {
        if let Some(promise) = self.promises.get_mut(&id) {
            promise.placed = partition.map_or(Placed::Nowhere, Placed::In);
        }
    }

    pub(crate) fn cancelled(&mut self, id: u64) {
        self.end(id, Outcome::Withdrawn);
    }

    pub(crate) fn not_taken(&mut self, id: u64, _error: &Error) {
        self.end(id, Outcome::NotTaken);
    }

    /// Whether a record of the topic was taken in before.
    pub(crate) fn knows(&self, topic: &str) -> bool {
        self.topics.get(topic).is_some_and(|records| records.handed_over > 0)
    }

    pub(crate) fn close(&mut self) -> Waiter {
        self.calls += 1;
        Waiter::Close
    }

    pub(crate) fn flush(&mut self) -> Waiter {
        self.calls += 1;
        Waiter::Flush(self.promises.len() as u64)
    }

    pub(crate) fn admission(&mut self, ticket: Ticket) -> Waiter {
        self.admissions.insert(ticket);
        Waiter::Admission(ticket)
    }

    /// Somebody was told that a record is no longer in the line for memory.
    pub(crate) fn admitted(&mut self, ticket: Ticket, waits: bool) {
        if waits || !self.admissions.remove(&ticket) {
            let what = format!("admission {ticket} was told wrongly: waits {waits}");
            self.violation(Rule::Admission, &what);
        }
    }

    pub(crate) fn whole(&mut self, ids: Vec<u64>) {
        self.wholes.push(ids);
    }

    pub(crate) fn memory(&mut self, used: usize, limit: usize) {
        if used > limit + MEMORY_SLACK && used > self.most_memory {
            self.violation(Rule::Memory, &format!("{used} bytes are held, the limit is {limit}"));
        }
        self.most_memory = self.most_memory.max(used);
    }

    pub(crate) fn settled(&mut self, now: Duration, settled: Settled<Waiter>) {
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
                                kind: error.kind(),
                                maybe_written: error.context().maybe_written,
                            },
                        };
                        self.on_time(now, id);
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
        let deadline = self.promises.get(&id).map_or(Duration::MAX, |promise| promise.deadline);
        if now > deadline {
            let what = format!("record {id} was settled at {now:?}, due at {deadline:?}");
            self.violation(Rule::Late, &what);
        }
    }

    fn end(&mut self, id: u64, outcome: Outcome) {
        self.open.remove(&id);
        let Some(promise) = self.promises.get_mut(&id) else {
            let what = format!("record {id} was settled and never handed over");
            return self.violation(Rule::Settled, &what);
        };
        if let Some(before) = promise.outcome.take() {
            let what = format!("record {id} was settled twice: {before:?}, {outcome:?}");
            self.violations.add(Rule::Settled, &what);
        }
        let records = self.topics.entry(promise.topic.clone()).or_default();
        match outcome {
            Outcome::Stored { .. } => records.acknowledged += 1,
            Outcome::Failed { .. } => records.failed += 1,
            Outcome::Withdrawn => records.unsent += 1,
            Outcome::NotTaken => records.handed_over -= 1,
        }
        promise.outcome = Some(outcome);
    }

    /// Holds what was said against what is stored.
    pub(crate) fn check(mut self, scenario: &Scenario, cluster: &Cluster) -> Vec<String> {
        if !self.admissions.is_empty() {
            let left = std::mem::take(&mut self.admissions);
            self.violation(Rule::Admission, &format!("nobody was told of admissions {left:?}"));
        }
        if self.calls > 0 {
            let what = format!("{} flushes or closes were never settled", self.calls);
            self.violation(Rule::Settled, &what);
        }
        let mut stored: BTreeMap<u64, Vec<Place>> = BTreeMap::new();
        for log in cluster.all_committed() {
            let mut last = None;
            let mut seen = BTreeSet::new();
            for (offset, record) in log.records() {
                let id = record
                    .value
                    .as_ref()
                    .and_then(|value| value.first_chunk().copied())
                    .map(u64::from_be_bytes);
                let Some(id) = id else { continue };
                // Without idempotence a batch may be repeated, as a whole.
                let repeated = !seen.insert(id) && !scenario.exactly_once();
                if repeated {
                    stored.entry(id).or_default().push(Place::new(&log, offset));
                    continue;
                }
                if scenario.ordered() && last.is_some_and(|last| id < last) {
                    let (topic, partition) = (&log.topic, log.partition);
                    let what =
                        format!("{topic}/{partition}: record {id} at {offset} is behind {last:?}");
                    self.violations.add(Rule::Log, &what);
                }
                last = Some(id);
                stored.entry(id).or_default().push(Place::new(&log, offset));
            }
        }
        self.check_wholes(&stored);
        let promises = std::mem::take(&mut self.promises);
        for (id, promise) in promises {
            let places = stored.remove(&id).unwrap_or_default();
            self.check_one(scenario, id, &promise, &places);
        }
        for id in stored.keys() {
            let what = format!("record {id} is stored and was never handed over");
            self.violations.add(Rule::Stored, &what);
        }
        self.into_violations()
    }

    fn check_wholes(&mut self, stored: &BTreeMap<u64, Vec<Place>>) {
        for ids in std::mem::take(&mut self.wholes) {
            let first = |id: &u64| stored.get(id).and_then(|places| places.first());
            let places: Vec<_> = ids.iter().map(first).collect();
            let is_one = match places[0] {
                None => places.iter().all(Option::is_none),
                Some(start) => (start.offset..).zip(&places).all(|(offset, place)| {
                    place.is_some_and(|place| {
                        place.partition == start.partition && place.offset == offset
                    })
                }),
            };
            if !is_one {
                let what = format!("records {ids:?} are one, and stored at {places:?}");
                self.violation(Rule::Whole, &what);
            }
        }
    }

    fn check_one(&mut self, scenario: &Scenario, id: u64, promise: &Promise, places: &[Place]) {
        let mut wrong = |rule, what: &str| {
            let what = format!(
                "record {id} {what}: it ended as {:?} and is stored at {places:?}",
                promise.outcome
            );
            self.violations.add(rule, &what);
        };
        if places.iter().any(|place| place.topic != promise.topic) {
            wrong(Rule::Place, "is in another topic");
        }
        let asks = scenario.config.partitioner == Partitioner::Caller;
        let elsewhere = |partition| match promise.placed {
            Placed::Anywhere => asks,
            wanted => wanted != Placed::In(partition),
        };
        if places.iter().any(|place| elsewhere(place.partition)) {
            wrong(Rule::Place, "is not where the caller wants it");
        }
        if let Some(Outcome::Stored { partition, .. }) = promise.outcome
            && elsewhere(partition)
        {
            wrong(Rule::Place, "is said to be where the caller does not want it");
        }
        let incarnations: BTreeSet<_> = places.iter().map(|place| place.incarnation).collect();
        if scenario.exactly_once() && places.len() > incarnations.len() {
            wrong(Rule::Twice, "is stored more than once");
        }
        match &promise.outcome {
            None => wrong(Rule::Settled, "was never settled"),
            Some(Outcome::Withdrawn) if !places.is_empty() => wrong(Rule::Stored, "was taken back"),
            Some(Outcome::NotTaken) if !places.is_empty() => {
                wrong(Rule::Stored, "was not taken in");
            }
            Some(Outcome::Failed { maybe_written: false, .. }) if !places.is_empty() => {
                wrong(Rule::Stored, "was said not to be written");
            }
            Some(Outcome::Stored { partition, offset }) if scenario.durable() => {
                let right = |place: &Place| {
                    place.partition == *partition && (*offset < 0 || place.offset == *offset)
                };
                if !places.iter().any(right) {
                    wrong(Rule::Lost, "is not where it was said to be");
                }
            }
            _ => {}
        }
    }
}

/// Where a record is stored.
#[derive(Debug)]
struct Place {
    topic: String,
    incarnation: u128,
    partition: i32,
    offset: i64,
}

impl Place {
    fn new(log: &StoredLog, offset: i64) -> Self {
        Self {
            topic: log.topic.clone(),
            incarnation: log.topic_id,
            partition: log.partition,
            offset,
        }
    }
}

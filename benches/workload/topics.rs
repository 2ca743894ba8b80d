//! The cost of one call to a machine whose producer has used many topics with one partition each.
//! The topics are idle: each has had one acknowledged record.

use std::hint::black_box;
use std::time::{Duration, Instant};

use dekaf::config::Config;
use dekaf::producer::{Haste, Machine, OwnedRecord, Produced};
use dekaf::record::{Compressor, Record};

use super::cluster::{answer_questions, answer_requests, connect, take_settled};

/// The number of topics that the machine knows.
pub(crate) const TOPICS: [usize; 4] = [1, 100, 10_000, 100_000];

/// The number of topics among which records rotate.
pub(crate) const IN_TURN: usize = 100;

/// The number of records of one topic that nearly fill a batch.
pub(crate) const BATCH: usize = 400;

const LINGER: Duration = Duration::from_secs(1);
const WAITER: u64 = 9;
const SMALL: [u8; 100] = [b'v'; 100];
static LARGE: [u8; 4000] = [b'v'; 4000];

pub(crate) struct ManyTopics {
    machine: Machine<u64>,
    names: Vec<String>,
    /// The index of the topic of the next record.
    next: usize,
    now: Instant,
    compressor: Compressor,
}

impl ManyTopics {
    pub(crate) fn new(topics: usize) -> Self {
        let mut config = Config::new("localhost:9092").expect("the address is valid");
        config.linger = LINGER;
        // Virtual hours pass during a measurement, and the idle topics must not be forgotten.
        config.metadata_max_idle = Duration::from_secs(365 * 24 * 3600);
        config.buffer_memory = 32 * 1024 * 1024;
        // The machine searches the whole answer for each partition, so many small requests are
        // faster than one large request.
        config.max_request_size = LARGE.len() + 1000;
        let mut ready = Self {
            machine: Machine::new(config, 7),
            names: (0..topics).map(|index| format!("topic-{index:06}")).collect(),
            next: 0,
            now: Instant::now(),
            compressor: Compressor::new(),
        };
        for topic in 0..topics {
            assert!(ready.produce(topic, &SMALL), "there is memory for a record of each topic");
        }
        answer_questions(&mut ready.machine, ready.now);
        connect(&mut ready.machine);
        ready.deliver();
        ready
    }

    /// Stores all records and takes the results. Batches are sent because their linger time passes:
    /// a flush would visit every partition and evict the data of the next call from the cache.
    pub(crate) fn deliver(&mut self) {
        while !self.machine.is_idle() {
            self.now += LINGER;
            self.machine.handle_timeout(self.now);
            answer_requests(&mut self.machine, self.now, &mut self.compressor);
        }
        take_settled(&mut self.machine);
    }

    /// Produces a record as callers' threads do. Returns false if there was no memory for it.
    fn produce(&mut self, topic: usize, value: &[u8]) -> bool {
        let record = black_box(record(value));
        let (now, topic) = (self.now, black_box(&*self.names[topic]));
        let lingers = Haste::Lingers;
        if self.machine.join(|| now, topic, Some(0), &record, None, lingers).is_ok() {
            return true;
        }
        match self.machine.produce(now, topic, Some(0), &record, None, lingers) {
            Ok(Produced::Accepted { .. }) => true,
            Ok(Produced::Full(_)) => false,
            Err((error, _)) => panic!("the machine is open: {error}"),
        }
    }

    /// Produces records to the first `in_turn` topics in rotation.
    pub(crate) fn append(&mut self, records: usize, in_turn: usize) {
        for _ in 0..records {
            let topic = self.next;
            self.next = if topic + 1 < in_turn { topic + 1 } else { 0 };
            assert!(self.produce(topic, &SMALL), "there is memory for a batch of each");
        }
    }

    /// Opens a batch with one record for a flush to close.
    pub(crate) fn open(&mut self) {
        self.append(1, 1);
    }

    pub(crate) fn flush(&mut self) {
        self.machine.flush(self.now, WAITER);
    }

    pub(crate) fn fill_memory(&mut self) {
        while self.produce(0, &LARGE) {}
    }

    /// Queues a record for memory.
    pub(crate) fn wait(&mut self, record: OwnedRecord) {
        let topic = black_box(&*self.names[0]);
        let waited = self.machine.wait(self.now, topic, Some(0), record, None, Haste::Lingers);
        assert!(waited.is_ok(), "any number of records may wait");
    }
}

/// Returns a record that does not fit into full memory.
pub(crate) fn large_record() -> OwnedRecord {
    OwnedRecord::copy(&record(&LARGE)).expect("the process has memory")
}

fn record(value: &[u8]) -> Record<'_> {
    Record { timestamp: 1_700_000_000_000, key: None, value: Some(value), headers: &[] }
}

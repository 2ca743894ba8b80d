//! A machine whose producer keeps using new topics: each gets one record, which is acknowledged,
//! and is never used again.

use std::time::{Duration, Instant};

use dekaf::config::Config;
use dekaf::producer::{Haste, Machine, Metrics, Produced};
use dekaf::record::{Compressor, Record};

use super::cluster::{answer_questions, answer_requests, connect, take_settled};

/// The time between two topics.
pub(crate) const STEP: Duration = Duration::from_millis(1);

const VALUE: [u8; 100] = [b'v'; 100];

pub(crate) struct PassingTopics {
    machine: Machine<u64>,
    named: usize,
    now: Instant,
    compressor: Compressor,
}

impl PassingTopics {
    /// The machine forgets topics that are unused for `max_idle`.
    pub(crate) fn new(max_idle: Duration) -> Self {
        let mut config = Config::new("localhost:9092").expect("the address is valid");
        config.metadata_max_idle = max_idle;
        let mut machine = Machine::new(config, 7);
        let now = Instant::now();
        connect(&mut machine);
        Self { machine, named: 0, now, compressor: Compressor::new() }
    }

    /// Stores one record in each new topic, until `topics` have been used in total.
    pub(crate) fn name(&mut self, topics: usize) {
        while self.named < topics {
            self.store(&format!("topic-{:07}", self.named));
            self.named += 1;
        }
    }

    fn store(&mut self, topic: &str) {
        let record = Record { timestamp: 7, key: None, value: Some(&VALUE), headers: &[] };
        let haste = Haste::AtOnce;
        let produced = self.machine.produce(self.now, topic, None, &record, Some(9), haste);
        assert!(matches!(produced, Ok(Produced::Accepted { .. })), "there is memory");
        while !self.machine.is_idle() {
            self.now += STEP;
            self.machine.handle_timeout(self.now);
            answer_questions(&mut self.machine, self.now);
            answer_requests(&mut self.machine, self.now, &mut self.compressor);
        }
        take_settled(&mut self.machine);
    }

    pub(crate) fn metrics(&self) -> Metrics {
        self.machine.metrics()
    }
}

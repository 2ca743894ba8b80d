//! A machine that is ready to produce to one partition, with the driver's side. Only this file and
//! `topics.rs` call the machine, so that changes of its interface stay here.

use std::hint::black_box;
use std::time::{Duration, Instant};

use dekaf::config::{Config, Partitioner};
use dekaf::producer::{Answer, Content, Haste, Machine, Produced, RequestId, Settled, Subject};
use dekaf::protocol::{
    MetadataPartition, MetadataResponse, MetadataTopic, PartitionProduced, ProduceResponse,
    TopicProduced,
};
use dekaf::record::{BatchBuilder, Compression, Compressor, Record, SealedBatch};

const BROKER: i32 = 1;
const VALUE: [u8; 100] = [b'v'; 100];

#[derive(Clone, Copy)]
enum Call {
    /// `Machine::produce` alone.
    Produce,
    /// `Machine::join`, and `Machine::produce` if the record cannot join, as in callers' threads.
    Join,
    /// `Machine::produce`, after the caller has requested the partition count.
    Place,
}

#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) partitioner: Partitioner,
    partition: Option<i32>,
    key: Option<&'static [u8]>,
    waiter: Option<u64>,
    call: Call,
}

impl Case {
    pub(crate) fn with_waiter(self, waiter: Option<u64>) -> Self {
        Self { waiter, ..self }
    }
}

pub(crate) const TO_PARTITION: Case = Case {
    name: "to a partition",
    partitioner: Partitioner::Java,
    partition: Some(0),
    key: None,
    waiter: None,
    call: Call::Produce,
};

const WITHOUT_KEY: Case = Case { name: "without a key", partition: None, ..TO_PARTITION };

const BY_KEY: Case = Case { name: "by key", key: Some(b"customer-1234"), ..WITHOUT_KEY };

pub(crate) const CASES: [Case; 9] = [
    TO_PARTITION,
    Case { name: "to a partition, awaited", waiter: Some(9), ..TO_PARTITION },
    Case { name: "to a partition, joining", call: Call::Join, ..TO_PARTITION },
    WITHOUT_KEY,
    Case { name: "without a key, joining", call: Call::Join, ..WITHOUT_KEY },
    BY_KEY,
    Case { name: "by key, with CRC-32", partitioner: Partitioner::Crc32, ..BY_KEY },
    Case { name: "to the next partition", partitioner: Partitioner::RoundRobin, ..WITHOUT_KEY },
    Case {
        name: "placed by the caller",
        partitioner: Partitioner::Caller,
        call: Call::Place,
        ..TO_PARTITION
    },
];

/// A machine with the metadata of topic `t` and a connection to its leader, and the time.
pub(crate) struct Ready {
    machine: Machine<u64>,
    now: Instant,
}

impl Ready {
    pub(crate) fn new(partitioner: Partitioner) -> Self {
        let mut config = Config::new("localhost:9092").expect("the address is valid");
        config.partitioner = partitioner;
        config.linger = Duration::from_secs(1);
        let mut ready = Self { machine: Machine::new(config, 7), now: Instant::now() };
        assert!(ready.produce(&TO_PARTITION), "the machine must ask for the topic");
        ready.describe();
        ready.machine.handle_answer(ready.now, Answer::ProducerId(Ok((4001, 0))));
        ready.machine.handle_connected(BROKER);
        // From now on a batch is full when the next one opens, as under load.
        ready.fill(&TO_PARTITION);
        ready
    }

    fn describe(&mut self) {
        let question = self.machine.poll_question(self.now).expect("the topic is unknown");
        let Subject::Metadata(asked) = question.what else { panic!("{question:?}") };
        let partition = MetadataPartition { leader_id: BROKER, ..Default::default() };
        let topic = MetadataTopic {
            name: Some("t".into()),
            partitions: vec![partition],
            ..Default::default()
        };
        let response = MetadataResponse { topics: vec![topic], ..Default::default() };
        self.machine.handle_answer(self.now, Answer::Metadata(asked, Ok(response)));
    }

    /// Fills a new batch until the next one opens. Returns the number of records.
    pub(crate) fn fill(&mut self, case: &Case) -> u64 {
        match case.call {
            Call::Produce => Self::until(|| self.produce(case)),
            Call::Join => Self::until(|| self.join(case)),
            Call::Place => Self::until(|| self.place(case)),
        }
    }

    fn until(mut produce: impl FnMut() -> bool) -> u64 {
        let mut records = 1;
        while !produce() {
            records += 1;
        }
        records
    }

    /// Returns whether the driver has work, because a batch was opened or is full.
    fn produce(&mut self, case: &Case) -> bool {
        let record = black_box(record(case.key));
        let (now, topic) = (self.now, black_box("t"));
        let lingers = Haste::Lingers;
        match self.machine.produce(now, topic, case.partition, &record, case.waiter, lingers) {
            Ok(Produced::Accepted { work, .. }) => work,
            other => panic!("the machine is open and has memory: {other:?}"),
        }
    }

    fn join(&mut self, case: &Case) -> bool {
        let record = black_box(record(case.key));
        let (now, topic) = (self.now, black_box("t"));
        let lingers = Haste::Lingers;
        match self.machine.join(|| now, topic, case.partition, &record, case.waiter, lingers) {
            Ok(joined) => joined.work,
            Err(_) => self.produce(case),
        }
    }

    fn place(&mut self, case: &Case) -> bool {
        let partitions = black_box(self.machine.partitions(black_box("t")));
        assert!(partitions.is_some(), "the topic is known");
        self.produce(case)
    }

    /// Takes the oldest batch out of the machine.
    pub(crate) fn take_batch(&mut self) -> (RequestId, BatchBuilder) {
        let mut outgoing = self.machine.poll_request(self.now).expect("a batch is full");
        let part = outgoing.parts.pop().expect("the request has one partition");
        let Content::Open(batch) = part.content else { panic!("the batch was never sent") };
        (outgoing.id, batch)
    }

    /// Returns a sealed batch to the machine.
    pub(crate) fn hand_back(&mut self, id: RequestId, batch: SealedBatch) {
        self.machine.handle_sealed(self.now, id, vec![batch]);
    }

    /// Sends the oldest batch. Returns the answer of a broker that stores it.
    pub(crate) fn send(&mut self) -> (RequestId, ProduceResponse) {
        let (id, batch) = self.take_batch();
        self.hand_back(id, sealed(batch));
        (id, stored())
    }

    /// Passes a broker's answer to the machine, and takes the settled records.
    pub(crate) fn answer(&mut self, id: RequestId, response: &ProduceResponse) {
        self.machine.handle_produced(self.now, id, response);
        while let Some(Settled::Batch(batch)) = self.machine.poll_settled() {
            for waiting in batch.waiting {
                black_box(waiting);
            }
        }
    }
}

fn record(key: Option<&[u8]>) -> Record<'_> {
    Record { timestamp: 1_700_000_000_000, key, value: Some(&VALUE), headers: &[] }
}

pub(crate) fn sealed(batch: BatchBuilder) -> SealedBatch {
    batch.seal(Compression::NONE, &mut Compressor::new())
}

pub(crate) fn stored() -> ProduceResponse {
    let partition = PartitionProduced { base_offset: 77, ..Default::default() };
    let topic = TopicProduced {
        name: "t".into(),
        partition_responses: vec![partition],
        ..Default::default()
    };
    ProduceResponse { responses: vec![topic], ..Default::default() }
}

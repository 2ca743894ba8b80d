//! What the machine costs for each record: on its way in, and when its batch is acknowledged.
//! The times are of one full batch of records of 100 bytes; the rates are of records.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main,
};
use dekaf::config::{Compression, Config, Partitioner};
use dekaf::producer::{Content, Haste, Machine, Produced, RequestId, Settled};
use dekaf::protocol::{
    MetadataPartition, MetadataResponse, MetadataTopic, PartitionProduced, ProduceResponse,
    TopicProduced,
};
use dekaf::record::{Compressor, Record};

const BROKER: i32 = 1;
const VALUE: [u8; 100] = [b'v'; 100];

/// A machine that knows topic "t", is connected to its leader, and has its place in time.
struct Bench {
    machine: Machine<u64>,
    now: Instant,
}

impl Bench {
    fn new(partitioner: Partitioner) -> Self {
        let mut config = Config::new("localhost:9092").expect("it is an address");
        config.partitioner = partitioner;
        config.linger = Duration::from_secs(1);
        let mut bench = Self { machine: Machine::new(config, 7), now: Instant::now() };
        let first = bench.produce(Some(0), None, None);
        assert!(first, "the topic is to be asked for");
        bench.describe();
        bench.machine.handle_identity(bench.now, 4001, 0);
        bench.machine.handle_connected(BROKER);
        // Behind this one, batches are opened as they are while there is much to do.
        bench.fill(Some(0), None, None);
        bench
    }

    fn describe(&mut self) {
        let asked = self.machine.poll_metadata(self.now).expect("it wants to ask");
        let partition = MetadataPartition { leader_id: BROKER, ..Default::default() };
        let topic = MetadataTopic {
            name: Some("t".into()),
            partitions: vec![partition],
            ..Default::default()
        };
        let response = MetadataResponse { topics: vec![topic], ..Default::default() };
        self.machine.handle_metadata(self.now, &asked, &response);
    }

    /// Says whether there is something to do: a batch was opened, or is full.
    fn produce(&mut self, partition: Option<i32>, key: Option<&[u8]>, waiter: Option<u64>) -> bool {
        let timestamp = 1_700_000_000_000;
        let record = Record { timestamp, key, value: Some(&VALUE), headers: &[] };
        let record = black_box(&record);
        match self.machine.produce(
            self.now,
            black_box("t"),
            partition,
            record,
            waiter,
            Haste::Lingers,
        ) {
            Ok(Produced::Accepted { work, .. }) => work,
            other => panic!("it is open, and there is memory: {other:?}"),
        }
    }

    /// Opens a batch, and fills it until the next one is opened. Returns how many records that
    /// were.
    fn fill(&mut self, partition: Option<i32>, key: Option<&[u8]>, waiter: Option<u64>) -> u64 {
        let mut records = 1;
        while !self.produce(partition, key, waiter) {
            records += 1;
        }
        records
    }

    /// Sends the oldest batch, and says what the broker will answer.
    fn send(&mut self) -> (RequestId, ProduceResponse) {
        let mut outgoing = self.machine.poll_request(self.now).expect("a batch is full");
        let part = outgoing.parts.pop().expect("there is one partition");
        let Content::Open(batch) = part.content else { panic!("it was not sent before") };
        let sealed = batch.seal(Compression::NONE, &mut Compressor::new());
        self.machine.handle_sealed(self.now, outgoing.id, vec![sealed]);
        let stored = PartitionProduced { base_offset: 77, ..Default::default() };
        let topic = TopicProduced {
            name: "t".into(),
            partition_responses: vec![stored],
            ..Default::default()
        };
        (outgoing.id, ProduceResponse { responses: vec![topic], ..Default::default() })
    }

    /// Hands a broker's answer in, and what it settles to those who wait.
    fn answer(&mut self, id: RequestId, response: &ProduceResponse) {
        self.machine.handle_produced(self.now, id, response);
        while let Some(Settled::Batch(batch)) = self.machine.poll_settled() {
            for waiting in batch.waiting {
                black_box(waiting);
            }
        }
    }
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    let records = Bench::new(Partitioner::Java).fill(Some(0), None, None);
    group.throughput(Throughput::Elements(records));
    group
}

fn produce(criterion: &mut Criterion) {
    let mut group = group(criterion, "produce");
    let key: Option<&[u8]> = Some(b"customer-1234");
    let cases = [
        ("to a partition", Partitioner::Java, Some(0), None, None),
        ("to a partition, awaited", Partitioner::Java, Some(0), None, Some(9)),
        ("without a key", Partitioner::Java, None, None, None),
        ("by key", Partitioner::Java, None, key, None),
        ("by key, with CRC-32", Partitioner::Crc32, None, key, None),
        ("to the next partition", Partitioner::RoundRobin, None, None, None),
        ("placed by the caller", Partitioner::Caller, Some(0), None, None),
    ];
    for (name, partitioner, partition, key, waiter) in cases {
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || Bench::new(partitioner),
                |bench| {
                    if partitioner == Partitioner::Caller {
                        let look = |bench: &mut Bench| black_box(bench.machine.partitions("t"));
                        while look(bench).is_some() && !bench.produce(partition, key, waiter) {}
                    } else {
                        bench.fill(partition, key, waiter);
                    }
                },
                BatchSize::PerIteration,
            );
        });
    }
}

fn settle(criterion: &mut Criterion) {
    let mut group = group(criterion, "settle");
    for (name, waiter) in [("nobody waits", None), ("each is awaited", Some(9))] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || {
                    let mut bench = Bench::new(Partitioner::Java);
                    let (id, response) = bench.send();
                    bench.answer(id, &response);
                    // The batch that is open already has its first record.
                    bench.fill(Some(0), None, waiter);
                    let (id, response) = bench.send();
                    (bench, id, response)
                },
                |(bench, id, response)| bench.answer(*id, response),
                BatchSize::PerIteration,
            );
        });
    }
}

criterion_group!(benches, produce, settle);
criterion_main!(benches);

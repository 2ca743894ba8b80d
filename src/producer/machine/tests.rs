//! Tests of the machine alone: its actions, as time and answers come.

mod asking;
mod connecting;
mod delivery;
mod forgetting;
mod joining;
mod memory;
mod metrics;
mod notices;
mod numbers;
mod order;
mod placing;
mod refusals;
mod retries;
mod scarcity;
mod topics;
mod wholes;

use std::time::{Duration, Instant};

use super::events::LONGEST_SILENCE;
use super::*;
use crate::config::{Acks, Compression};
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::producer::haste::Haste;
use crate::producer::owned::OwnedRecord;
use crate::producer::partition::Content;
use crate::producer::question::MetadataWanted;
use crate::producer::request::RequestId;
use crate::producer::settled::Settled;
use crate::producer::ticket::Ticket;
use crate::protocol::{
    LONGEST_TOPIC, LeaderIdAndEpoch, MetadataBroker, MetadataPartition, MetadataResponse,
    MetadataTopic, PartitionProduced, ProduceResponse, TopicProduced,
};
use crate::record::{Compressor, Identity, Record, SealedBatch};

const MS: Duration = Duration::from_millis(1);

/// A request as it was sent.
struct TestRequest {
    id: RequestId,
    node: i32,
    batches: Vec<(i32, Identity, SealedBatch)>,
}

/// Answers every batch of `request` with the same code and offset.
fn answer_to(request: &TestRequest, error_code: ErrorCode, base_offset: i64) -> ProduceResponse {
    let partition_responses = request.batches.iter().map(|(index, ..)| PartitionProduced {
        index: *index,
        error_code,
        base_offset,
        ..PartitionProduced::default()
    });
    ProduceResponse {
        responses: vec![TopicProduced {
            name: "t".into(),
            partition_responses: partition_responses.collect(),
            ..TopicProduced::default()
        }],
        ..ProduceResponse::default()
    }
}

struct Bench {
    machine: Machine<&'static str>,
    now: Instant,
}

impl Bench {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new("localhost:9092").unwrap();
        change(&mut config);
        Self { machine: Machine::new(config, 1), now: Instant::now() }
    }

    /// The same, with waiters for several records in a row.
    fn with_rest(rest: Rest<&'static str>, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new("localhost:9092").unwrap();
        change(&mut config);
        Self { machine: Machine::with_rest(config, 1, rest), now: Instant::now() }
    }

    /// Knows topic "t" with the given leaders, and is connected to them.
    fn ready(leaders: &[i32], change: impl FnOnce(&mut Config)) -> Self {
        let mut bench = Self::new(change);
        bench.learn(leaders);
        bench
    }

    /// Learns of topic "t" with the given leaders, and connects to them.
    fn learn(&mut self, leaders: &[i32]) {
        self.machine.target(self.now, "t", None, Haste::Lingers);
        self.machine.cluster.want();
        self.describe(leaders);
        for leader in leaders {
            self.machine.handle_connected(*leader);
        }
        self.identify();
    }

    fn identify(&mut self) {
        self.machine.handle_identity(self.now, 9, 0);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.machine.handle_timeout(self.now);
    }

    fn describe(&mut self, leaders: &[i32]) {
        let asked = self.machine.poll_metadata(self.now).expect("it wants to ask");
        let partitions = (0..).zip(leaders).map(|(partition_index, leader)| MetadataPartition {
            partition_index,
            leader_id: *leader,
            ..MetadataPartition::default()
        });
        self.answer_metadata(&asked, ErrorCode::NONE, partitions.collect());
    }

    fn answer_metadata(
        &mut self,
        asked: &MetadataWanted,
        error_code: ErrorCode,
        partitions: Vec<MetadataPartition>,
    ) {
        let response = MetadataResponse {
            brokers: vec![MetadataBroker::default()],
            topics: vec![MetadataTopic {
                error_code,
                name: Some("t".into()),
                partitions,
                ..MetadataTopic::default()
            }],
            ..MetadataResponse::default()
        };
        self.machine.handle_metadata(self.now, asked, &response);
    }

    fn produce(&mut self, who: &'static str, partition: i32, urgent: bool) -> bool {
        let haste = if urgent { Haste::AtOnce } else { Haste::Lingers };
        self.produce_with(who, partition, haste)
    }

    fn produce_with(&mut self, who: &'static str, partition: i32, haste: Haste) -> bool {
        let record = Record { timestamp: 7, key: None, value: Some(who.as_bytes()), headers: &[] };
        match self.machine.produce(self.now, "t", Some(partition), &record, Some(who), haste) {
            Ok(Produced::Accepted { work, .. }) => work,
            other => panic!("it is open, and there is memory: {other:?}"),
        }
    }

    fn request(&mut self) -> Option<TestRequest> {
        let Outgoing { id, node, parts } = self.machine.poll_request(self.now)?;
        let seal = |content| match content {
            Content::Open(builder) => builder.seal(Compression::NONE, &mut Compressor::new()),
            Content::Sealed(batch) => batch,
        };
        let batches: Vec<_> = parts
            .into_iter()
            .map(|part| (part.partition, part.identity, seal(part.content)))
            .collect();
        let sealed = batches.iter().map(|(.., batch)| batch.clone()).collect();
        self.machine.handle_sealed(self.now, id, sealed);
        Some(TestRequest { id, node, batches })
    }

    fn answer(&mut self, request: &TestRequest, error_code: ErrorCode, base_offset: i64) {
        let response = answer_to(request, error_code, base_offset);
        self.machine.handle_produced(self.now, request.id, &response);
    }

    /// Returns a line for each waiter that has completed since the last call.
    fn settled(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(settled) = self.machine.poll_settled() {
            match settled {
                Settled::Call { waiter, result } => lines.push(format!("{waiter}: {result:?}")),
                Settled::Batch(batch) => {
                    for waiting in batch.waiting {
                        lines.push(match &batch.outcome {
                            Ok(stored) => format!(
                                "{} at {}",
                                waiting.waiter,
                                stored.base_offset + i64::from(waiting.index)
                            ),
                            Err(error) => format!(
                                "{} failed: {:?}, maybe written: {}",
                                waiting.waiter,
                                error.kind(),
                                error.context().maybe_written
                            ),
                        });
                    }
                }
            }
        }
        lines
    }
}

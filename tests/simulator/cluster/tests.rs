//! Tests that the simulated cluster behaves like Kafka. A more lenient or stricter model would
//! prove nothing about the producer.

mod acks;
mod answers;
mod leaders;
mod outages;
mod safety;
mod topics;

use std::collections::BTreeMap;

use bytes::Bytes;
use dekaf::config::Compression;
use dekaf::protocol::{PartitionProduceData, PartitionProduced, TopicProduceData};
use dekaf::record::{BatchBuilder, Compressor, Identity, Record};

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

/// A cluster with a clock and the collected answers.
struct Bench {
    cluster: Cluster,
    now: Duration,
    answers: BTreeMap<RequestHandle, Answered>,
}

/// Builds a batch with one record for each id.
fn batch(identity: Identity, ids: &[u64]) -> Bytes {
    let mut builder = BatchBuilder::with_capacity(100);
    for id in ids {
        let value = id.to_be_bytes();
        builder.append(&Record { timestamp: 7, key: None, value: Some(&value), headers: &[] });
    }
    builder.seal(Compression::NONE, &mut Compressor::new()).to_bytes(identity)
}

/// Returns offsets and ids.
fn stored(log: &StoredLog) -> Vec<(i64, u64)> {
    let id = |value: &[u8]| u64::from_be_bytes(value.try_into().expect("an id"));
    log.records().map(|(offset, record)| (offset, id(&record.value.expect("a value")))).collect()
}

fn plain(ids: &[u64]) -> Bytes {
    batch(Identity::NONE, ids)
}

fn to_t0(acks: i16, records: Bytes) -> ProduceRequest {
    let partition = PartitionProduceData { index: 0, records: Some(records) };
    let topic = TopicProduceData {
        name: "t".to_owned(),
        partition_data: vec![partition],
        ..TopicProduceData::default()
    };
    ProduceRequest { transactional_id: None, acks, timeout_ms: 30_000, topic_data: vec![topic] }
}

impl Bench {
    fn bare(settings: Settings) -> Self {
        let cluster = Cluster::new(settings, Random::new(1));
        Self { cluster, now: Duration::ZERO, answers: BTreeMap::new() }
    }

    /// Three brokers that know topic `t`, whose only partition broker 0 leads.
    fn new() -> Self {
        Self::with(Settings::default(), TopicSettings::default())
    }

    fn with(settings: Settings, topic: TopicSettings) -> Self {
        let mut bench = Self::bare(settings);
        bench.cluster.create_topic(bench.now, "t", topic);
        bench.settle();
        assert_eq!(bench.cluster.leader("t", 0), Some((0, 0)));
        bench
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        for answered in self.cluster.poll(self.now) {
            assert!(self.answers.insert(answered.handle, answered).is_none(), "a second answer");
        }
    }

    fn pass_ms(&mut self, time: u64) {
        self.pass(Duration::from_millis(time));
    }

    /// Advances the clock until no events are left.
    fn settle(&mut self) {
        for _ in 0..100_000 {
            let Some(next) = self.cluster.next_event() else { return };
            self.pass(next.saturating_sub(self.now));
        }
        panic!("the cluster never comes to rest");
    }

    fn ask(&mut self, node: NodeId, request: ProduceRequest) -> RequestHandle {
        let handle = self.cluster.produce(self.now, node, request);
        self.pass(Duration::ZERO);
        handle
    }

    fn produce(&mut self, node: NodeId, acks: i16, ids: &[u64]) -> RequestHandle {
        self.ask(node, to_t0(acks, plain(ids)))
    }

    fn is_answered(&self, handle: RequestHandle) -> bool {
        self.answers.contains_key(&handle)
    }

    fn response(&self, handle: RequestHandle) -> &ProduceResponse {
        match &self.answers[&handle].answer {
            Answer::Produce(response) => response,
            other => panic!("{other:?} is no answer to a produce request"),
        }
    }

    /// Returns the result of the request's only batch.
    fn outcome(&self, handle: RequestHandle) -> &PartitionProduced {
        let [topic] = &self.response(handle).responses[..] else { panic!("one topic") };
        let [partition] = &topic.partition_responses[..] else { panic!("one partition") };
        partition
    }

    fn code(&self, handle: RequestHandle) -> i16 {
        self.outcome(handle).error_code.0
    }

    /// Returns the ids that a consumer of `t`, partition 0, sees.
    fn committed(&self) -> Vec<u64> {
        let id = self.cluster.topic_id("t").expect("topic t");
        stored(&self.cluster.committed(id, 0).expect("partition 0"))
            .into_iter()
            .map(|(_, id)| id)
            .collect()
    }
}

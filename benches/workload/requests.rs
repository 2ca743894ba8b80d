//! A produce request with one small batch for each partition, and its answer.

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use dekaf::producer::{PartitionBatch, encode_produce};
use dekaf::protocol::{
    PartitionProduced, ProduceRequest, ProduceResponse, Request, TopicProduced, decode_response,
    encode_response,
};
use dekaf::record::{BatchBuilder, Compression, Compressor, Identity, Record};
use dekaf::wire::LENGTH_SIZE;

pub(crate) const PARTITIONS: [i32; 4] = [1, 12, 100, 1000];

const VERSION: i16 = ProduceRequest::VERSIONS.1;

pub(crate) fn batches(partitions: i32) -> Vec<PartitionBatch> {
    let mut batch = BatchBuilder::with_capacity(1024);
    let record = Record { timestamp: 0, key: None, value: Some(&[b'v'; 100]), headers: &[] };
    batch.try_append(&record, 1024).expect("it is empty");
    let batch = batch.seal(Compression::NONE, &mut Compressor::new());
    let topic: Arc<str> = "orders".into();
    (0..partitions)
        .map(|partition| PartitionBatch {
            topic: Arc::clone(&topic),
            topic_id: 7,
            partition,
            identity: Identity { producer_id: 4001, epoch: 0, base_sequence: 77 },
            batch: batch.clone(),
        })
        .collect()
}

pub(crate) fn encode(batches: &[PartitionBatch]) -> Vec<Bytes> {
    encode_produce(black_box(batches), VERSION, 1, "dekaf", -1, 30_000)
}

pub(crate) fn answer(partitions: i32) -> Bytes {
    let partition_responses =
        (0..partitions).map(|index| PartitionProduced { index, ..Default::default() }).collect();
    let topic = TopicProduced { topic_id: 7, partition_responses, ..Default::default() };
    let answer = ProduceResponse { responses: vec![topic], ..Default::default() };
    encode_response::<ProduceRequest>(&answer, VERSION, 1).slice(LENGTH_SIZE..)
}

pub(crate) fn decode(answer: &Bytes) -> ProduceResponse {
    decode_response::<ProduceRequest>(black_box(answer), VERSION).expect("the answer is valid")
}

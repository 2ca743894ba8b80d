//! Tests of the producer's encoding of a produce request around its batches: the same bytes as the
//! described message, without copying the batches.

use std::sync::Arc;

use bytes::Bytes;
use dekaf::producer::{PartitionBatch, encode_produce};
use dekaf::protocol::{
    PartitionProduceData, ProduceRequest, Request, TopicProduceData, encode_request,
};
use dekaf::record::{Identity, SealedBatch};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::values::text;
use crate::properties::check;
use crate::record::{identities, records, unsent};

/// Partitions with their batches.
type Partitions = Vec<(i32, (SealedBatch, Identity))>;

/// Topics with their partitions' batches. Names are unique: the caller groups a topic's batches.
fn topics() -> impl Strategy<Value = Vec<(String, Partitions)>> {
    let batch = (vec(records(), 1..4).prop_map(|records| unsent(&records)), identities());
    btree_map(text(), vec((any::<i32>(), batch), 1..5), 0..5)
        .prop_map(|topics| topics.into_iter().collect())
}

fn batches(topics: &[(String, Partitions)]) -> Vec<PartitionBatch> {
    let mut batches = Vec::new();
    for (name, partitions) in topics {
        for (partition, (batch, identity)) in partitions {
            batches.push(PartitionBatch {
                // A separate allocation each: topics are compared by name, not by address.
                topic: Arc::from(name.as_str()),
                topic_id: 0,
                partition: *partition,
                identity: *identity,
                batch: batch.clone(),
            });
        }
    }
    batches
}

fn described(topics: &[(String, Partitions)], acks: i16, timeout_ms: i32) -> ProduceRequest {
    let topic = |(name, partitions): &(String, Partitions)| TopicProduceData {
        name: name.clone(),
        topic_id: 0,
        partition_data: partitions
            .iter()
            .map(|(index, (batch, identity))| PartitionProduceData {
                index: *index,
                records: Some(batch.to_bytes(*identity)),
            })
            .collect(),
    };
    let topic_data = topics.iter().map(topic).collect();
    ProduceRequest { transactional_id: None, acks, timeout_ms, topic_data }
}

#[test]
fn the_pieces_are_the_request() {
    let (first, last) = ProduceRequest::VERSIONS;
    for version in first..=last {
        let values = (topics(), any::<i32>(), text(), any::<i16>(), any::<i32>());
        let what = format!("Produce v{version} in pieces");
        check(100, &what, &values, |(topics, correlation_id, client_id, acks, timeout_ms)| {
            let batches = batches(&topics);
            let pieces =
                encode_produce(&batches, version, correlation_id, &client_id, acks, timeout_ms);
            let request = described(&topics, acks, timeout_ms);
            let whole = encode_request(&request, version, correlation_id, &client_id);
            prop_assert_eq!(Bytes::from(pieces.concat()), whole);

            // Every second piece is a batch's records, at their original address. Only a flexible
            // version has bytes after the last batch.
            let trailer = version >= 9 || batches.is_empty();
            prop_assert_eq!(pieces.len(), 2 * batches.len() + usize::from(trailer));
            for (piece, batch) in pieces.iter().skip(1).step_by(2).zip(&batches) {
                prop_assert_eq!(piece.as_ptr(), batch.batch.body().as_ptr());
                prop_assert_eq!(piece.len(), batch.batch.body().len());
            }
            Ok(())
        });
    }
}

//! Encodes a produce request around its batches: headers and batches alternate as pieces of one
//! vectored write, and no record is copied.

use std::sync::Arc;

use bytes::Bytes;

use crate::cluster::NodeId;
use crate::protocol::{ApiKey, PRODUCE_BY_TOPIC_ID, ProduceRequest, Request};
use crate::record::{Identity, SealedBatch};
use crate::wire::{LENGTH_SIZE, Writer};

pub type RequestId = u64;

/// One partition's batch in a request.
#[derive(Debug, Clone)]
pub struct PartitionBatch {
    pub topic: Arc<str>,
    /// For versions that name topics by id.
    pub topic_id: u128,
    pub partition: i32,
    pub identity: Identity,
    pub batch: SealedBatch,
}

/// A request whose batches are sealed.
#[derive(Debug)]
pub struct SealedRequest {
    pub id: RequestId,
    pub node: NodeId,
    pub batches: Vec<PartitionBatch>,
}

impl SealedRequest {
    /// Returns the batches for the machine, which keeps them for retries.
    pub fn only_batches(&self) -> Vec<SealedBatch> {
        self.batches.iter().map(|part| part.batch.clone()).collect()
    }
}

/// Returns the pieces of a complete frame. Batches of a topic must be adjacent, and each partition
/// may occur only once: brokers answer both entries but store one.
pub fn encode_produce(
    batches: &[PartitionBatch],
    version: i16,
    correlation_id: i32,
    client_id: &str,
    acks: i16,
    timeout_ms: i32,
) -> Vec<Bytes> {
    let flexible = ProduceRequest::version(version).flexible;
    let mut out = Writer::new();
    out.i32(0);
    out.i16(ApiKey::Produce as i16);
    out.i16(version);
    out.i32(correlation_id);
    out.i16(client_id.len() as i16);
    out.raw(client_id.as_bytes());
    if flexible {
        out.uvarint(0); // the header's tagged fields
        out.uvarint(0); // no transactional id
    } else {
        out.i16(-1);
    }
    out.i16(acks);
    out.i32(timeout_ms);

    let topics = batches.chunk_by(|one, next| one.topic == next.topic);
    length(&mut out, topics.clone().count(), flexible);
    let mut pieces = Vec::with_capacity(2 * batches.len() + 1);
    for topic in topics {
        if version >= PRODUCE_BY_TOPIC_ID {
            out.u128(topic[0].topic_id);
        } else {
            if flexible {
                out.uvarint(topic[0].topic.len() as u32 + 1);
            } else {
                out.i16(topic[0].topic.len() as i16);
            }
            out.raw(topic[0].topic.as_bytes());
        }
        length(&mut out, topic.len(), flexible);
        for partition in topic {
            out.i32(partition.partition);
            length(&mut out, partition.batch.size(), flexible);
            out.raw(&partition.batch.header(partition.identity));
            pieces.push(out.take());
            pieces.push(partition.batch.body().clone());
            if flexible {
                out.uvarint(0);
            }
        }
        if flexible {
            out.uvarint(0);
        }
    }
    if flexible {
        out.uvarint(0);
    }
    if !out.is_empty() {
        pieces.push(out.take());
    }

    let size: usize = pieces.iter().map(Bytes::len).sum();
    let mut first = Vec::from(std::mem::take(&mut pieces[0]));
    first[..LENGTH_SIZE].copy_from_slice(&((size - LENGTH_SIZE) as i32).to_be_bytes());
    pieces[0] = Bytes::from(first);
    pieces
}

fn length(out: &mut Writer, length: usize, flexible: bool) {
    if flexible {
        out.uvarint(length as u32 + 1);
    } else {
        out.i32(length as i32);
    }
}

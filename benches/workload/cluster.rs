//! A cluster of one broker, as seen by a machine: every topic has one partition, and every record
//! is stored.

use std::sync::Arc;
use std::time::Instant;

use dekaf::producer::{Answer, Content, Machine, Settled, Subject};
use dekaf::protocol::{
    MetadataPartition, MetadataResponse, MetadataTopic, PartitionProduced, ProduceResponse,
    TopicProduced,
};
use dekaf::record::{Compression, Compressor};

const BROKER: i32 = 1;

pub(crate) fn connect(machine: &mut Machine<u64>) {
    machine.handle_connected(BROKER);
}

/// Answers the machine's questions: metadata and the producer id.
pub(crate) fn answer_questions(machine: &mut Machine<u64>, now: Instant) {
    while let Some(question) = machine.poll_question(now) {
        let answer = match question.what {
            Subject::Metadata(asked) => {
                let response = described(&asked.topics);
                Answer::Metadata(asked, Ok(response))
            }
            Subject::ProducerId => Answer::ProducerId(Ok((4001, 0))),
        };
        machine.handle_answer(now, answer);
    }
}

fn described(topics: &[Arc<str>]) -> MetadataResponse {
    let partition = MetadataPartition { leader_id: BROKER, ..Default::default() };
    let describe = |name: &Arc<str>| MetadataTopic {
        name: Some(name.as_ref().into()),
        partitions: vec![partition.clone()],
        ..Default::default()
    };
    MetadataResponse { topics: topics.iter().map(describe).collect(), ..Default::default() }
}

/// Acknowledges every batch that can be sent.
pub(crate) fn answer_requests(
    machine: &mut Machine<u64>,
    now: Instant,
    compressor: &mut Compressor,
) {
    while let Some(outgoing) = machine.poll_request(now) {
        let mut batches = Vec::with_capacity(outgoing.parts.len());
        let mut response = ProduceResponse::default();
        for part in outgoing.parts {
            let Content::Open(batch) = part.content else { panic!("the batch was never sent") };
            batches.push(batch.seal(Compression::NONE, compressor));
            response.responses.push(TopicProduced {
                name: part.topic.as_ref().into(),
                partition_responses: vec![PartitionProduced::default()],
                ..Default::default()
            });
        }
        machine.handle_sealed(now, outgoing.id, batches);
        machine.handle_produced(now, outgoing.id, &response);
    }
}

pub(crate) fn take_settled(machine: &mut Machine<u64>) {
    while let Some(Settled::Batch(_) | Settled::Call { .. }) = machine.poll_settled() {}
}

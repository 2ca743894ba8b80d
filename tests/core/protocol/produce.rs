//! `Produce` against the oracle, with the tagged fields that name a new leader (KIP-951).

use bytes::Bytes;
use dekaf::protocol::{
    BatchIndexError, Field, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceData,
    PartitionProduced, ProduceRequest, ProduceResponse, Request, TopicProduceData, TopicProduced,
};
use dekaf::wire::Reader;
use kafka_protocol::messages::{self, produce_request, produce_response};
use proptest::collection::vec;
use proptest::prelude::*;

use super::oracle::{Twin, encoded, requests_agree, responses_agree, theirs, uuid};
use super::values::{Unknown, blob, error_code, nullable_text, since, text};

/// A topic's name and id: each version has one of the two.
fn topic(version: i16) -> BoxedStrategy<(String, u128)> {
    if version >= 13 {
        any::<u128>().prop_map(|id| (String::new(), id)).boxed()
    } else {
        text().prop_map(|name| (name, 0)).boxed()
    }
}

pub(crate) fn requests(version: i16) -> impl Strategy<Value = ProduceRequest> {
    let partition = (any::<i32>(), prop::option::of(blob()))
        .prop_map(|(index, records)| PartitionProduceData { index, records });
    let topic =
        (topic(version), vec(partition, 0..4)).prop_map(|((name, topic_id), partition_data)| {
            TopicProduceData { name, topic_id, partition_data }
        });
    (nullable_text(), any::<i16>(), any::<i32>(), vec(topic, 0..4)).prop_map(
        |(transactional_id, acks, timeout_ms, topic_data)| ProduceRequest {
            transactional_id,
            acks,
            timeout_ms,
            topic_data,
        },
    )
}

/// A leader who is not the default, which the oracle takes for an absent field.
fn leaders() -> impl Strategy<Value = LeaderIdAndEpoch> {
    (0..i32::MAX, any::<i32>())
        .prop_map(|(leader_id, leader_epoch)| LeaderIdAndEpoch { leader_id, leader_epoch })
}

fn partitions(version: i16) -> impl Strategy<Value = PartitionProduced> {
    let record_error = (any::<i32>(), nullable_text()).prop_map(|(batch_index, message)| {
        BatchIndexError { batch_index, batch_index_error_message: message }
    });
    (
        (any::<i32>(), error_code(), any::<i64>(), any::<i64>()),
        since(version, 5, -1, any::<i64>()),
        since(version, 8, vec![], vec(record_error, 0..3)),
        since(version, 8, None, nullable_text()),
        since(version, 10, None, prop::option::of(leaders())),
    )
        .prop_map(
            |((index, error_code, base_offset, time), start, errors, message, leader)| {
                PartitionProduced {
                    index,
                    error_code,
                    base_offset,
                    log_append_time_ms: time,
                    log_start_offset: start,
                    record_errors: errors,
                    error_message: message,
                    current_leader: leader,
                }
            },
        )
}

fn endpoints() -> impl Strategy<Value = NodeEndpoint> {
    (any::<i32>(), text(), any::<i32>(), nullable_text())
        .prop_map(|(node_id, host, port, rack)| NodeEndpoint { node_id, host, port, rack })
}

pub(crate) fn responses(version: i16) -> impl Strategy<Value = ProduceResponse> {
    let topic = (topic(version), vec(partitions(version), 0..4)).prop_map(
        |((name, topic_id), partition_responses)| TopicProduced {
            name,
            topic_id,
            partition_responses,
        },
    );
    // An empty list is an absent field to the oracle.
    let endpoints = since(version, 10, None, prop::option::of(vec(endpoints(), 1..3)));
    (vec(topic, 0..4), any::<i32>(), endpoints).prop_map(
        |(responses, throttle_time_ms, node_endpoints)| ProduceResponse {
            responses,
            throttle_time_ms,
            node_endpoints,
        },
    )
}

impl Twin for ProduceRequest {
    type Theirs = messages::ProduceRequest;

    fn twin(&self, unknown: &Unknown) -> Self::Theirs {
        let partition = |partition: &PartitionProduceData| {
            produce_request::PartitionProduceData::default()
                .with_index(partition.index)
                .with_records(partition.records.clone())
                .with_unknown_tagged_fields(unknown.clone())
        };
        let topic = |topic: &TopicProduceData| {
            produce_request::TopicProduceData::default()
                .with_name(theirs(&topic.name).into())
                .with_topic_id(uuid(topic.topic_id))
                .with_partition_data(topic.partition_data.iter().map(partition).collect())
                .with_unknown_tagged_fields(unknown.clone())
        };
        Self::Theirs::default()
            .with_transactional_id(self.transactional_id.as_deref().map(|id| theirs(id).into()))
            .with_acks(self.acks)
            .with_timeout_ms(self.timeout_ms)
            .with_topic_data(self.topic_data.iter().map(topic).collect())
            .with_unknown_tagged_fields(unknown.clone())
    }
}

fn twin_of_partition(
    partition: &PartitionProduced,
    unknown: &Unknown,
) -> produce_response::PartitionProduceResponse {
    let record_error = |error: &BatchIndexError| {
        produce_response::BatchIndexAndErrorMessage::default()
            .with_batch_index(error.batch_index)
            .with_batch_index_error_message(error.batch_index_error_message.as_deref().map(theirs))
            .with_unknown_tagged_fields(unknown.clone())
    };
    let leader = partition.current_leader.as_ref().map(|leader| {
        produce_response::LeaderIdAndEpoch::default()
            .with_leader_id(leader.leader_id.into())
            .with_leader_epoch(leader.leader_epoch)
            .with_unknown_tagged_fields(unknown.clone())
    });
    produce_response::PartitionProduceResponse::default()
        .with_index(partition.index)
        .with_error_code(partition.error_code.0)
        .with_base_offset(partition.base_offset)
        .with_log_append_time_ms(partition.log_append_time_ms)
        .with_log_start_offset(partition.log_start_offset)
        .with_record_errors(partition.record_errors.iter().map(record_error).collect())
        .with_error_message(partition.error_message.as_deref().map(theirs))
        .with_current_leader(leader.unwrap_or_default())
        .with_unknown_tagged_fields(unknown.clone())
}

impl Twin for ProduceResponse {
    type Theirs = messages::ProduceResponse;

    fn twin(&self, unknown: &Unknown) -> Self::Theirs {
        let topic = |topic: &TopicProduced| {
            let partitions = topic.partition_responses.iter();
            produce_response::TopicProduceResponse::default()
                .with_name(theirs(&topic.name).into())
                .with_topic_id(uuid(topic.topic_id))
                .with_partition_responses(
                    partitions.map(|partition| twin_of_partition(partition, unknown)).collect(),
                )
                .with_unknown_tagged_fields(unknown.clone())
        };
        let endpoint = |node: &NodeEndpoint| {
            produce_response::NodeEndpoint::default()
                .with_node_id(node.node_id.into())
                .with_host(theirs(&node.host))
                .with_port(node.port)
                .with_rack(node.rack.as_deref().map(theirs))
                .with_unknown_tagged_fields(unknown.clone())
        };
        Self::Theirs::default()
            .with_responses(self.responses.iter().map(topic).collect())
            .with_throttle_time_ms(self.throttle_time_ms)
            .with_node_endpoints(self.node_endpoints.iter().flatten().map(endpoint).collect())
            .with_unknown_tagged_fields(unknown.clone())
    }
}

#[test]
fn requests_agree_with_the_oracle() {
    requests_agree(requests);
}

#[test]
fn responses_agree_with_the_oracle() {
    responses_agree::<ProduceRequest, _>(responses);
}

/// What the oracle cannot say: a tagged field that is there and holds its default.
#[test]
fn tagged_fields_may_hold_their_default() {
    let version = ProduceRequest::version(10);
    let partition = PartitionProduced {
        current_leader: Some(LeaderIdAndEpoch::default()),
        ..PartitionProduced::default()
    };
    let topic = TopicProduced { partition_responses: vec![partition], ..TopicProduced::default() };
    let response = ProduceResponse {
        responses: vec![topic],
        node_endpoints: Some(vec![]),
        ..ProduceResponse::default()
    };
    let bytes = encoded(&response, version);
    let mut input = Reader::new(&bytes);
    assert_eq!(ProduceResponse::decode(&mut input, version), Ok(response));
    assert_eq!(input.finish(), Ok(()));
}

#[test]
fn records_are_read_without_a_copy() {
    let batch = Bytes::from_static(b"a batch");
    let partition = PartitionProduceData { index: 0, records: Some(batch) };
    let topic = TopicProduceData { partition_data: vec![partition], ..TopicProduceData::default() };
    let request = ProduceRequest { topic_data: vec![topic], ..ProduceRequest::default() };
    let version = ProduceRequest::version(9);
    let bytes = encoded(&request, version);
    let read = ProduceRequest::decode(&mut Reader::new(&bytes), version).unwrap();
    let records = read.topic_data[0].partition_data[0].records.as_ref().unwrap();
    assert!(bytes.as_ptr_range().contains(&records.as_ptr()));
}

//! `Produce` against the oracle, with the tagged fields that name a new leader (KIP-951).

use bytes::Bytes;
use dekaf::protocol::{
    BatchIndexError, Field, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceData,
    PartitionProduced, ProduceRequest, ProduceResponse, Request, TopicProduceData, TopicProduced,
};
use dekaf::wire::Reader;
use kafka_protocol::messages::{self, produce_request, produce_response};

use super::oracle::encoded;
use super::oracle_types::{agree, oracle_types};

oracle_types! {
    PartitionProduceData = produce_request::PartitionProduceData {
        index;
        records;
    }
}

oracle_types! {
    TopicProduceData = produce_request::TopicProduceData {
        name in ..=12;
        topic_id in 13..;
        partition_data;
    }
}

oracle_types! {
    ProduceRequest = messages::ProduceRequest {
        transactional_id;
        acks;
        timeout_ms;
        topic_data;
    }
}

oracle_types! {
    BatchIndexError = produce_response::BatchIndexAndErrorMessage {
        batch_index;
        batch_index_error_message;
    }
}

oracle_types! {
    LeaderIdAndEpoch = produce_response::LeaderIdAndEpoch {
        leader_id;
        leader_epoch;
    }
}

oracle_types! {
    PartitionProduced = produce_response::PartitionProduceResponse {
        index;
        error_code;
        base_offset;
        log_append_time_ms;
        log_start_offset in 5..;
        record_errors in 8..;
        error_message in 8..;
    } tagged {
        current_leader in 10..;
    }
}

oracle_types! {
    TopicProduced = produce_response::TopicProduceResponse {
        name in ..=12;
        topic_id in 13..;
        partition_responses;
    }
}

oracle_types! {
    NodeEndpoint = produce_response::NodeEndpoint {
        node_id;
        host;
        port;
        rack;
    }
}

oracle_types! {
    ProduceResponse = messages::ProduceResponse {
        responses;
        throttle_time_ms;
    } tagged {
        node_endpoints in 10..;
    }
}

agree!(ProduceRequest, ProduceResponse);

/// A case that the oracle cannot express: a tagged field that is present and has its default value.
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

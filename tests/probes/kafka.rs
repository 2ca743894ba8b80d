//! A broker, asked one thing after the other.

use std::time::Duration;

use bytes::Bytes;
use dekaf::config::Config;
use dekaf::net::{Link, LinkSettings};
use dekaf::protocol::{
    MetadataRequest, MetadataRequestTopic, PartitionProduceData, ProduceRequest, TopicProduceData,
};
use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::{
    ApiKey, DeleteRecordsRequest, DeleteRecordsResponse, RequestHeader, ResponseHeader, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

use super::story::Answer;

const PATIENCE: Duration = Duration::from_secs(30);
const DELETE_RECORDS_VERSION: i16 = 1;

pub(crate) struct Kafka {
    runtime: Runtime,
    tasks: LocalSet,
    link: Link,
}

impl Kafka {
    pub(crate) fn connect(address: &str) -> Self {
        let config = Config::new(address).expect("an address");
        let settings = LinkSettings {
            client_id: "probes".into(),
            setup_timeout: PATIENCE,
            request_timeout: PATIENCE,
            idle_timeout: PATIENCE,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let (runtime, tasks) = (runtime.expect("a runtime"), LocalSet::new());
        let opened = tasks.block_on(&runtime, Link::open(&config.bootstrap_servers[0], &settings));
        Self { runtime, tasks, link: opened.expect("a broker") }
    }

    fn wait<F: Future>(&self, until: F) -> F::Output {
        self.tasks.block_on(&self.runtime, until)
    }

    /// A topic's id and how many partitions it has.
    pub(crate) fn describe(&self, topic: &str) -> (u128, i32) {
        let request = MetadataRequest {
            topics: Some(vec![MetadataRequestTopic { topic_id: 0, name: Some(topic.to_owned()) }]),
            ..MetadataRequest::default()
        };
        let response = self.wait(self.link.call(&request)).expect("an answer");
        let topic = response.topics.first().expect("the topic");
        (topic.topic_id, topic.partitions.len() as i32)
    }

    pub(crate) fn produce(&self, topic: &str, id: u128, index: i32, records: &Bytes) -> Answer {
        let request = ProduceRequest {
            transactional_id: None,
            acks: -1,
            timeout_ms: PATIENCE.as_millis() as i32,
            topic_data: vec![TopicProduceData {
                name: topic.to_owned(),
                topic_id: id,
                partition_data: vec![PartitionProduceData {
                    index,
                    records: Some(records.clone()),
                }],
            }],
        };
        let response = self.wait(self.link.call(&request)).expect("an answer");
        let produced = &response.responses[0].partition_responses[0];
        let refused = produced.record_errors.iter().map(|error| error.batch_index);
        Answer::new(
            produced.error_code.0,
            produced.base_offset,
            produced.log_append_time_ms,
            produced.log_start_offset,
            refused.collect(),
        )
    }

    pub(crate) fn delete_records(&self, topic: &str, partition: i32, before: i64) -> Answer {
        let partition =
            DeleteRecordsPartition::default().with_partition_index(partition).with_offset(before);
        let topic = DeleteRecordsTopic::default()
            .with_name(TopicName(StrBytes::from_string(topic.to_owned())))
            .with_partitions(vec![partition]);
        let request = DeleteRecordsRequest::default()
            .with_topics(vec![topic])
            .with_timeout_ms(PATIENCE.as_millis() as i32);
        let answer = self.link.send(|correlation_id| vec![frame(&request, correlation_id)]);
        let mut frame = self.wait(answer.wait()).expect("an answer");
        ResponseHeader::decode(&mut frame, 0).expect("a header");
        let response = DeleteRecordsResponse::decode(&mut frame, DELETE_RECORDS_VERSION);
        let response = response.expect("a well-formed answer");
        let deleted = &response.topics[0].partitions[0];
        match deleted.error_code {
            0 => Answer::of_deletion(Ok(deleted.low_watermark)),
            code => Answer::of_deletion(Err(dekaf::error::ErrorCode(code))),
        }
    }
}

fn frame(request: &DeleteRecordsRequest, correlation_id: i32) -> Bytes {
    let mut body = Vec::new();
    RequestHeader::default()
        .with_request_api_key(ApiKey::DeleteRecords as i16)
        .with_request_api_version(DELETE_RECORDS_VERSION)
        .with_correlation_id(correlation_id)
        .with_client_id(Some(StrBytes::from_static_str("probes")))
        .encode(&mut body, 1)
        .expect("a header");
    request.encode(&mut body, DELETE_RECORDS_VERSION).expect("a request");
    let length = (body.len() as u32).to_be_bytes();
    [&length[..], &body].concat().into()
}

//! A connection to a broker, with one request at a time.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use dekaf::config::Config;
use dekaf::error::ErrorCode;
use dekaf::net::{Link, LinkSecurity, LinkSettings, PipelineSettings};
use dekaf::protocol::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic, MetadataRequest,
    MetadataRequestTopic, PartitionProduceData, ProduceRequest, TopicProduceData,
};
use tokio::runtime::Runtime;
use tokio::task::LocalSet;

use super::story::Answer;

const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Kafka {
    runtime: Runtime,
    tasks: LocalSet,
    link: Link,
}

impl Kafka {
    pub(crate) fn connect(address: &str) -> Self {
        let config = Config::new(address).expect("an address");
        let settings = LinkSettings {
            setup_timeout: PATIENCE,
            security: Rc::new(LinkSecurity::none()),
            pipeline: PipelineSettings {
                client_id: "probes".into(),
                request_timeout: PATIENCE,
                idle_timeout: PATIENCE,
            },
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let (runtime, tasks) = (runtime.expect("a runtime"), LocalSet::new());
        let opened = tasks.block_on(&runtime, Link::open(&config.bootstrap_servers[0], &settings));
        Self { runtime, tasks, link: opened.expect("a broker") }
    }

    fn wait<F: Future>(&self, until: F) -> F::Output {
        self.tasks.block_on(&self.runtime, until)
    }

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
        let partition = DeleteRecordsPartition { partition_index: partition, offset: before };
        let request = DeleteRecordsRequest {
            topics: vec![DeleteRecordsTopic {
                name: topic.to_owned(),
                partitions: vec![partition],
            }],
            timeout_ms: PATIENCE.as_millis() as i32,
        };
        let response = self.wait(self.link.call(&request)).expect("an answer");
        let deleted = &response.topics[0].partitions[0];
        match deleted.error_code {
            ErrorCode::NONE => Answer::of_deletion(Ok(deleted.low_watermark)),
            code => Answer::of_deletion(Err(code)),
        }
    }
}

//! Tests that answers match Kafka where its behavior is surprising.

use super::*;
use crate::broker::cluster::{Settings, TopicSettings};
use crate::broker::faults::Faults;
use crate::error::ErrorCode;
use crate::protocol::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest, FetchPartition, FetchRequest,
    FetchTopic, MetadataRequest, MetadataRequestTopic, OffsetCommitRequest,
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};

/// Runs `work` on a cluster with one empty topic, `t`.
fn ask<T>(work: impl FnOnce(&mut Broker<'_>) -> T) -> T {
    let mut cluster = Cluster::new(Settings { auto_create: false, ..Settings::default() }, 1);
    cluster.create_topic("t", 1, TopicSettings::default()).unwrap();
    let mut faults = Faults::default();
    faults.deny("denied".into(), None);
    work(&mut Broker {
        cluster: &mut cluster,
        groups: &mut Groups::default(),
        denied: faults.denied(),
        cluster_id: "id",
        node: 1,
        addresses: &[("here".to_owned(), 1)],
        now: 0,
    })
}

fn config(name: &str, value: Option<&str>) -> CreatableTopicConfig {
    CreatableTopicConfig { name: name.to_owned(), value: value.map(str::to_owned) }
}

#[test]
fn an_empty_list_means_all_topics_only_in_version_0() {
    let request = MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() };
    assert_eq!(ask(|broker| broker.metadata(0, &request, None)).topics.len(), 1);
    assert_eq!(ask(|broker| broker.metadata(1, &request, None)).topics.len(), 0);
}

#[test]
fn invalid_topic_names_and_unknown_topics_get_different_errors() {
    for (name, code) in [("u", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION), ("a b", ErrorCode(17))] {
        for allow_auto_topic_creation in [false, true] {
            let topic = MetadataRequestTopic { name: Some(name.to_owned()), topic_id: 0 };
            let topics = Some(vec![topic]);
            let request =
                MetadataRequest { topics, allow_auto_topic_creation, ..Default::default() };
            let answer = ask(|broker| broker.metadata(12, &request, None));
            assert_eq!(answer.topics[0].error_code, code, "{name}");
        }
    }
}

#[test]
fn a_topic_named_twice_is_answered_once_and_not_created() {
    let topic = |name: &str| CreatableTopic {
        name: name.to_owned(),
        num_partitions: 1,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    let topics = vec![topic("a"), topic("b"), topic("a")];
    let request = CreateTopicsRequest { topics, ..CreateTopicsRequest::default() };
    ask(|broker| {
        let answer = broker.create_topics(&request, None);
        let codes = answer.topics.iter().map(|topic| (&*topic.name, topic.error_code.0));
        assert_eq!(codes.collect::<Vec<_>>(), [("a", 42), ("b", 0)]);
        assert!(broker.cluster.topic("a").is_none());
    });
}

#[test]
fn settings_are_trimmed_and_validated() {
    let max = |value| topic_settings(&[config("max.message.bytes", value)]);
    assert_eq!(max(Some(" 7 ")).unwrap().log.max_message_bytes, 7);
    for wrong in [None, Some(""), Some("-1"), Some("3000000000")] {
        assert_eq!(max(wrong).unwrap_err().code, ErrorCode(40), "{wrong:?}");
    }
}

#[test]
fn offset_out_of_range_reveals_no_log_offsets() {
    let partition =
        FetchPartition { fetch_offset: 1, partition_max_bytes: 1, ..FetchPartition::default() };
    let topic = FetchTopic { topic: "t".to_owned(), partitions: vec![partition] };
    let request = FetchRequest { topics: vec![topic], ..FetchRequest::default() };
    let fetched = ask(|broker| broker.fetch(&request, None));
    let partition = &fetched.response.responses[0].partitions[0];
    assert_eq!(partition.error_code, ErrorCode(1));
    assert_eq!((partition.high_watermark, partition.log_start_offset), (-1, -1));
    assert!(fetched.is_urgent);
}

#[test]
fn commit_metadata_has_a_maximum_length() {
    for (length, code) in [(4_096, 0), (4_097, 12)] {
        let partition = OffsetCommitRequestPartition {
            committed_metadata: Some("ä".repeat(length)),
            ..OffsetCommitRequestPartition::default()
        };
        let topic = OffsetCommitRequestTopic { name: "t".to_owned(), partitions: vec![partition] };
        let request = OffsetCommitRequest {
            group_id: "g".to_owned(),
            generation_id: -1,
            topics: vec![topic],
            ..OffsetCommitRequest::default()
        };
        let answer = ask(|broker| broker.offset_commit(std::time::Instant::now(), request, None));
        assert_eq!(answer.topics[0].partitions[0].error_code, ErrorCode(code));
    }
}

#[test]
fn a_denied_topic_is_neither_described_nor_created() {
    let topic = MetadataRequestTopic { name: Some("denied".to_owned()), topic_id: 0 };
    let request = MetadataRequest {
        topics: Some(vec![topic]),
        allow_auto_topic_creation: true,
        ..MetadataRequest::default()
    };
    ask(|broker| {
        let answer = broker.metadata(12, &request, None);
        assert_eq!(answer.topics[0].error_code, ErrorCode::TOPIC_AUTHORIZATION_FAILED);
        assert_eq!(answer.topics[0].name.as_deref(), Some("denied"));
        assert!(answer.topics[0].partitions.is_empty());
        broker.cluster.create_topic("denied", 1, TopicSettings::default()).unwrap();
        let all = MetadataRequest { topics: None, ..request };
        let names = broker.metadata(12, &all, None).topics.into_iter().map(|topic| topic.name);
        assert_eq!(names.collect::<Vec<_>>(), [Some("t".to_owned())]);
        let topic_id = broker.cluster.topic("denied").unwrap().id;
        let topic = MetadataRequestTopic { name: None, topic_id };
        let by_id = MetadataRequest { topics: Some(vec![topic]), ..all };
        let answer = broker.metadata(12, &by_id, None);
        assert_eq!(answer.topics[0].error_code, ErrorCode::UNKNOWN_TOPIC_ID);
        assert_eq!(answer.topics[0].name, None);
    });
}

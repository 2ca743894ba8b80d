//! Tests of metadata, producer ids and random errors.

use std::collections::BTreeSet;

use dekaf::protocol::MetadataRequestTopic;

use super::*;

impl Bench {
    fn describe(&mut self, node: NodeId, name: &str) -> MetadataResponse {
        let topic = MetadataRequestTopic { topic_id: 0, name: Some(name.to_owned()) };
        let request = MetadataRequest { topics: Some(vec![topic]), ..MetadataRequest::default() };
        self.ask_metadata(node, request)
    }

    fn ask_metadata(&mut self, node: NodeId, request: MetadataRequest) -> MetadataResponse {
        let handle = self.cluster.metadata(self.now, node, request);
        self.pass(Duration::ZERO);
        match &self.answers[&handle].answer {
            Answer::Metadata(response) => response.clone(),
            other => panic!("{other:?} is no metadata"),
        }
    }

    fn init_producer_id(&mut self, transactional_id: Option<&str>) -> InitProducerIdResponse {
        let request = InitProducerIdRequest {
            transactional_id: transactional_id.map(str::to_owned),
            ..InitProducerIdRequest::default()
        };
        let handle = self.cluster.init_producer_id(self.now, 1, request);
        self.pass(Duration::ZERO);
        match &self.answers[&handle].answer {
            Answer::InitProducerId(response) => response.clone(),
            other => panic!("{other:?} is no producer id"),
        }
    }
}

#[test]
fn metadata_lists_brokers_and_leaders() {
    let mut bench = Bench::new();
    let response = bench.describe(2, "t");
    let ports: Vec<_> =
        response.brokers.iter().map(|broker| (broker.node_id, broker.port)).collect();
    assert_eq!(ports, [(0, 9092), (1, 9093), (2, 9094)]);
    let topic = &response.topics[0];
    assert_eq!((topic.error_code.0, Some(topic.topic_id)), (0, bench.cluster.topic_id("t")));
    let partition = &topic.partitions[0];
    assert_eq!((partition.leader_id, partition.leader_epoch), (0, 0));
    assert_eq!(
        (&partition.replica_nodes[..], &partition.isr_nodes[..]),
        (&[0, 1, 2][..], &[0, 1, 2][..])
    );
}

#[test]
fn metadata_is_asked_for_by_id_or_for_all_topics() {
    let mut bench = Bench::new();
    let topic_id = bench.cluster.topic_id("t").unwrap();
    let ids = [topic_id, 5].map(|topic_id| MetadataRequestTopic { topic_id, name: None });
    let request = MetadataRequest { topics: Some(ids.to_vec()), ..MetadataRequest::default() };
    let response = bench.ask_metadata(0, request);
    assert_eq!(response.topics[0].name.as_deref(), Some("t"));
    assert_eq!((response.topics[1].error_code.0, response.topics[1].topic_id), (100, 5));
    let all = bench.ask_metadata(0, MetadataRequest::default());
    assert_eq!(all.topics.len(), 1);
    let until = bench.now + MINUTE;
    bench.cluster.hide_topic(bench.now, "t", until);
    assert_eq!(bench.ask_metadata(0, MetadataRequest::default()).topics.len(), 0);
    assert_eq!(bench.describe(0, "t").topics[0].error_code.0, 3);
}

#[test]
fn brokers_learn_of_changes_at_different_times() {
    let mut bench = Bench::new();
    bench.cluster.move_leader(bench.now, "t", 0, 2);
    let mut seen = BTreeSet::new();
    for _ in 0..60 {
        let leader =
            |bench: &mut Bench, node| bench.describe(node, "t").topics[0].partitions[0].leader_id;
        seen.insert((leader(&mut bench, 0), leader(&mut bench, 1)));
        bench.pass_ms(1);
    }
    assert!(seen.contains(&(0, 0)) && seen.contains(&(2, 2)));
    assert_eq!(seen.len(), 3, "{seen:?}");
}

#[test]
fn metadata_reports_a_missing_leader() {
    let topic = TopicSettings { replication_factor: 1, min_isr: 1, ..TopicSettings::default() };
    let mut bench = Bench::with(Settings::default(), topic);
    bench.cluster.crash(bench.now, 0);
    let before = bench.describe(1, "t");
    assert_eq!(before.topics[0].partitions[0].leader_id, 0);
    bench.settle();
    let after = bench.describe(1, "t");
    let partition = &after.topics[0].partitions[0];
    assert_eq!((partition.error_code.0, partition.leader_id), (5, -1));
    assert_eq!(partition.offline_replicas, [0]);
    assert_eq!(after.brokers.len(), 2);
}

#[test]
fn an_unknown_topic_is_created_only_if_both_sides_want_it() {
    let mut bench = Bench::bare(Settings { auto_create: Some(2), ..Settings::default() });
    let topic = MetadataRequestTopic { topic_id: 0, name: Some("t".to_owned()) };
    let request = MetadataRequest {
        topics: Some(vec![topic]),
        allow_auto_topic_creation: false,
        ..MetadataRequest::default()
    };
    assert_eq!(bench.ask_metadata(0, request).topics[0].error_code.0, 3);
    assert_eq!(bench.cluster.topic_id("t"), None);
    assert_eq!(bench.describe(0, "t").topics[0].error_code.0, 3);
    assert_eq!(bench.describe(1, "t").topics[0].error_code.0, 3);
    bench.settle();
    assert_eq!(bench.describe(0, "t").topics[0].partitions.len(), 2);
}

#[test]
fn producer_ids_are_given_out_once() {
    let mut bench = Bench::new();
    let ids: BTreeSet<_> = (0..10)
        .map(|_| {
            let response = bench.init_producer_id(None);
            assert_eq!((response.error_code.0, response.producer_epoch), (0, 0));
            response.producer_id
        })
        .collect();
    assert_eq!(ids.len(), 10);
    assert_eq!(bench.init_producer_id(Some("transactions come later")).error_code.0, 42);
}

#[test]
fn producer_ids_may_be_delayed() {
    let mut bench = Bench::new();
    let chances = Chances { no_producer_id: PerMille(500), ..Chances::default() };
    bench.cluster.set_chances(bench.now, chances);
    let codes: BTreeSet<_> = (0..50).map(|_| bench.init_producer_id(None).error_code.0).collect();
    assert_eq!(codes, BTreeSet::from([0, 14, 15, 16]));
}

#[test]
fn producer_ids_may_be_refused_for_good() {
    let mut bench = Bench::new();
    let chances = Chances { producer_id_refused: PerMille(500), ..Chances::default() };
    bench.cluster.set_chances(bench.now, chances);
    let codes: BTreeSet<_> = (0..50).map(|_| bench.init_producer_id(None).error_code.0).collect();
    assert_eq!(codes, BTreeSet::from([-1, 0, 31]));
}

#[test]
fn clients_are_throttled() {
    let mut bench = Bench::new();
    let throttle_time = Spread::millis(20, 20);
    let chances = Chances { throttle: PerMille(1000), throttle_time, ..Chances::default() };
    bench.cluster.set_chances(bench.now, chances);
    let handle = bench.produce(0, -1, &[1]);
    bench.settle();
    assert_eq!((bench.code(handle), bench.response(handle).throttle_time_ms), (0, 20));
    assert_eq!(bench.describe(0, "t").throttle_time_ms, 20);
    assert_eq!(bench.init_producer_id(None).throttle_time_ms, 20);
}

#[test]
fn batches_are_damaged_and_disks_stumble_at_random() {
    let mut bench = Bench::new();
    let chances =
        Chances { corrupt: PerMille(300), storage_error: PerMille(300), ..Chances::default() };
    bench.cluster.set_chances(bench.now, chances);
    let mut stored = Vec::new();
    let mut codes = BTreeSet::new();
    for id in 0..60 {
        let handle = bench.produce(0, -1, &[id]);
        bench.settle();
        codes.insert(bench.code(handle));
        if bench.code(handle) == 0 {
            stored.push(id);
        }
    }
    assert_eq!(codes, BTreeSet::from([0, 2, 56]));
    assert_eq!(bench.committed(), stored);
}

#[test]
fn batches_are_refused_for_good_at_random() {
    let mut bench = Bench::new();
    let chances = Chances { refused: PerMille(500), ..Chances::default() };
    bench.cluster.set_chances(bench.now, chances);
    let handles: Vec<_> = (0..200).map(|id| bench.produce(0, -1, &[id])).collect();
    bench.settle();
    let codes: BTreeSet<_> = handles.iter().map(|handle| bench.code(*handle)).collect();
    assert_eq!(codes, BTreeSet::from([-1, 0, 29, 31, 49, 90]));
    let acknowledged = (0..200).zip(&handles).filter(|(_, handle)| bench.code(**handle) == 0);
    assert_eq!(bench.committed(), acknowledged.map(|(id, _)| id).collect::<Vec<_>>());
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let story = || {
        let mut bench = Bench::new();
        for id in 0..20 {
            bench.produce(0, -1, &[id]);
            bench.pass_ms(1);
        }
        bench.cluster.crash(bench.now, 0);
        bench.settle();
        (bench.now, bench.committed(), bench.answers.into_values().collect::<Vec<_>>())
    };
    assert_eq!(story(), story());
}

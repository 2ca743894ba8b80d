//! Tests of topics, leaders and retention.

use super::*;
use crate::record::{BatchBuilder, Compression, Compressor, Identity, Record};

fn batch(value: &[u8]) -> Bytes {
    let mut builder = BatchBuilder::with_capacity(100);
    builder.append(&Record { timestamp: 7, key: None, value: Some(value), headers: &[] });
    builder.seal(Compression::NONE, &mut Compressor::new()).to_bytes(Identity::NONE)
}

fn cluster(change: impl FnOnce(&mut Settings)) -> Cluster {
    let mut settings = Settings::default();
    change(&mut settings);
    Cluster::new(settings, 1)
}

fn code<T>(result: Result<T, Refusal>) -> i16 {
    result.map_or_else(|refusal| refusal.code.0, |_| 0)
}

#[test]
fn leaders_are_assigned_round_robin() {
    let mut cluster = cluster(|settings| settings.brokers = 3);
    cluster.create_topic("t", 5, TopicSettings::default()).unwrap();
    let partitions = &cluster.topic("t").unwrap().partitions;
    let leaders: Vec<_> = partitions.iter().map(|partition| partition.leader).collect();
    assert_eq!(leaders, [1, 2, 3, 1, 2]);
    assert_eq!(partitions[1].replicas, [2, 3, 1]);
}

#[test]
fn invalid_topics_are_refused() {
    let mut cluster = cluster(|_| {});
    let settings = TopicSettings::default();
    cluster.create_topic("t", 1, settings).unwrap();
    assert_eq!(code(cluster.create_topic("t", 1, settings)), 36);
    assert_eq!(code(cluster.create_topic("u", 0, settings)), 37);
    assert_eq!(code(cluster.create_topic("u", 1_000_000, settings)), 37);
    for replication_factor in [2, 0, -2] {
        let settings = TopicSettings { replication_factor, ..settings };
        assert_eq!(code(cluster.create_topic("u", 1, settings)), 38);
    }
    cluster.create_topic("a.b_c", 1, settings).unwrap();
    assert_eq!(code(cluster.create_topic("a_b.c", 1, settings)), 17);
    for name in ["", ".", "..", "a b", "ä", &"x".repeat(250)] {
        assert_eq!(code(cluster.create_topic(name, 1, settings)), 17, "{name:?}");
    }
}

#[test]
fn unknown_topics_are_created_unless_auto_creation_is_off() {
    let mut cluster = cluster(|settings| settings.partitions = 3);
    cluster.auto_create("t").unwrap();
    cluster.auto_create("t").unwrap();
    assert_eq!(cluster.topic("t").unwrap().partitions.len(), 3);
    assert_eq!(code(cluster.auto_create("a b")), 17);
    cluster.settings.auto_create = false;
    assert_eq!(code(cluster.auto_create("u")), 3);
    assert_eq!(cluster.auto_create("t"), Ok(()));
}

#[test]
fn only_the_leader_accepts_records() {
    let mut cluster = cluster(|settings| settings.brokers = 2);
    cluster.auto_create("t").unwrap();
    assert_eq!(cluster.append(1, "t", 0, &batch(b"a"), 7).unwrap().base_offset, 0);
    assert_eq!(code(cluster.append(2, "t", 0, &batch(b"b"), 7)), 6);
    cluster.move_leader("t", 0, 2).unwrap();
    assert_eq!(code(cluster.append(1, "t", 0, &batch(b"b"), 7)), 6);
    assert_eq!(cluster.append(2, "t", 0, &batch(b"b"), 7).unwrap().base_offset, 1);
    assert_eq!(cluster.partition("t", 0).unwrap().leader_epoch, 1);
    assert_eq!(code(cluster.move_leader("t", 0, 3)), 8);
    assert_eq!(code(cluster.move_leader("t", 1, 1)), 3);
    assert_eq!(code(cluster.append(1, "u", 0, &batch(b"b"), 7)), 3);
    assert_eq!(code(cluster.append(1, "t", -1, &batch(b"b"), 7)), 3);
}

#[test]
fn the_oldest_records_of_all_partitions_are_evicted_first() {
    let record = batch(&[0; 100]);
    let mut cluster = cluster(|settings| settings.memory = 3 * record.len());
    for topic in ["t", "u"] {
        cluster.auto_create(topic).unwrap();
    }
    for topic in ["t", "u", "t", "u"] {
        cluster.append(1, topic, 0, &record, 7).unwrap();
    }
    let starts = |cluster: &Cluster| {
        ["t", "u"].map(|topic| cluster.partition(topic, 0).unwrap().log.start_offset())
    };
    assert_eq!(starts(&cluster), [1, 0]);
    cluster.append(1, "t", 0, &batch(&[0; 1000]), 7).unwrap();
    assert_eq!(starts(&cluster), [2, 2]);
    // A batch larger than the whole limit is kept until the next append.
    assert_eq!(cluster.partition("t", 0).unwrap().log.end_offset(), 3);
}

#[test]
fn a_deleted_topic_uses_no_memory_and_evicts_nothing_from_its_successor() {
    let record = batch(&[0; 100]);
    let mut cluster = cluster(|settings| settings.memory = 3 * record.len());
    for _ in 0..2 {
        cluster.auto_create("t").unwrap();
        let id = cluster.topic("t").unwrap().id;
        for _ in 0..3 {
            cluster.append(1, "t", 0, &record, 7).unwrap();
        }
        assert_eq!(cluster.partition("t", 0).unwrap().log.start_offset(), 0);
        cluster.delete_topic("t").unwrap();
        assert!(cluster.topic_by_id(id).is_none());
    }
    assert_eq!(cluster.retention.held(), 0);
    assert_eq!(code(cluster.delete_topic("t")), 3);
}

#[test]
fn partitions_can_be_added_but_not_removed() {
    let mut cluster = cluster(|_| {});
    cluster.auto_create("t").unwrap();
    cluster.append(1, "t", 0, &batch(b"a"), 7).unwrap();
    cluster.add_partitions("t", 3, true).unwrap();
    assert_eq!(cluster.topic("t").unwrap().partitions.len(), 1);
    cluster.add_partitions("t", 3, false).unwrap();
    assert_eq!(cluster.topic("t").unwrap().partitions.len(), 3);
    assert_eq!(cluster.partition("t", 0).unwrap().log.end_offset(), 1);
    assert_eq!(code(cluster.add_partitions("t", 3, true)), 37);
    assert_eq!(code(cluster.add_partitions("u", 3, false)), 3);
}

#[test]
fn records_are_deleted_up_to_an_offset_or_all_of_them() {
    let mut cluster = cluster(|_| {});
    cluster.auto_create("t").unwrap();
    for _ in 0..3 {
        cluster.append(1, "t", 0, &batch(b"a"), 7).unwrap();
    }
    assert_eq!(cluster.delete_records("t", 0, 1), Ok(1));
    assert_eq!(code(cluster.delete_records("t", 0, 4)), 1);
    assert_eq!(cluster.delete_records("t", 0, -1), Ok(3));
    assert_eq!(cluster.retention.held(), 0);
    let compacted = TopicSettings { deletes: false, ..TopicSettings::default() };
    cluster.create_topic("u", 1, compacted).unwrap();
    assert_eq!(code(cluster.delete_records("u", 0, 0)), 44);
}

//! Tests of brokers that crash, hang, are isolated, or lose their disk.

use super::*;

const QUICK: Settings = Settings {
    first_epoch: 0,
    brokers: 3,
    replication: Spread::millis(1, 5),
    metadata_lag: Spread::millis(10, 10),
    detection: Spread::millis(1000, 1000),
    startup: Spread::millis(100, 100),
    replica_lag_max: Duration::from_secs(10),
    restarts_from_snapshots: false,
    auto_create: None,
    topic_ids: true,
    chances: Chances {
        corrupt: PerMille(0),
        storage_error: PerMille(0),
        refused: PerMille(0),
        no_producer_id: PerMille(0),
        producer_id_refused: PerMille(0),
        throttle: PerMille(0),
        throttle_time: Spread::millis(1, 1),
        leader_hint: PerMille(1000),
    },
    epoch_ms: 0,
};

fn quick() -> Bench {
    Bench::with(QUICK, TopicSettings::default())
}

fn sequence(first: i32, id: u64) -> Bytes {
    batch(Identity { producer_id: 7, epoch: 0, base_sequence: first }, &[id])
}

#[test]
fn a_broker_that_is_down_takes_no_connection_until_it_has_started() {
    let mut bench = quick();
    assert!(bench.cluster.connect(0));
    bench.cluster.crash(bench.now, 0);
    assert!(!bench.cluster.connect(0));
    bench.cluster.restart(bench.now, 0);
    bench.pass_ms(99);
    assert!(!bench.cluster.connect(0));
    bench.pass_ms(1);
    assert!(bench.cluster.connect(0));
}

#[test]
fn requests_before_a_crash_are_never_answered() {
    let mut bench = quick();
    let handle = bench.produce(0, -1, &[1]);
    bench.cluster.crash(bench.now, 0);
    let late = bench.produce(0, -1, &[2]);
    bench.cluster.restart(bench.now, 0);
    bench.settle();
    assert!(!bench.is_answered(handle) && !bench.is_answered(late));
}

#[test]
fn a_quick_restart_costs_the_leadership_all_the_same() {
    let mut bench = quick();
    bench.cluster.crash(bench.now, 0);
    bench.cluster.restart(bench.now, 0);
    assert_eq!(bench.cluster.leader("t", 0), Some((1, 1)));
    bench.settle();
    let handle = bench.produce(0, -1, &[1]);
    assert_eq!(bench.code(handle), 6);
}

#[test]
fn a_restarted_broker_knows_its_producers() {
    let mut bench = quick();
    for (first, id) in [(0, 1), (1, 2)] {
        bench.ask(0, to_t0(-1, sequence(first, id)));
        bench.settle();
    }
    bench.cluster.crash(bench.now, 1);
    bench.cluster.restart(bench.now, 1);
    bench.settle();
    assert!(bench.cluster.move_leader(bench.now, "t", 0, 1));
    bench.settle();
    let handle = bench.ask(1, to_t0(-1, sequence(0, 1)));
    assert_eq!((bench.code(handle), bench.outcome(handle).base_offset), (0, 0));
}

#[test]
fn a_broker_restarted_from_a_snapshot_knows_only_their_last_batches() {
    let settings = Settings { restarts_from_snapshots: true, ..QUICK };
    let mut bench = Bench::with(settings, TopicSettings::default());
    for (first, id) in [(0, 1), (1, 2)] {
        bench.ask(0, to_t0(-1, sequence(first, id)));
        bench.settle();
    }
    bench.cluster.crash(bench.now, 1);
    bench.cluster.restart(bench.now, 1);
    bench.settle();
    bench.cluster.move_leader(bench.now, "t", 0, 1);
    bench.settle();
    let old = bench.ask(1, to_t0(-1, sequence(0, 1)));
    let last = bench.ask(1, to_t0(-1, sequence(1, 2)));
    assert_eq!((bench.code(old), bench.code(last)), (45, 0));
}

#[test]
fn a_broker_that_hangs_takes_connections_and_answers_when_it_goes_on() {
    let mut bench = quick();
    bench.cluster.pause(bench.now, 0);
    assert!(bench.cluster.connect(0));
    let produce = bench.produce(0, 1, &[1]);
    let metadata = bench.cluster.metadata(bench.now, 0, MetadataRequest::default());
    bench.pass_ms(500);
    assert!(!bench.is_answered(produce) && !bench.is_answered(metadata));
    bench.cluster.resume(bench.now, 0);
    bench.pass(Duration::ZERO);
    assert_eq!(bench.code(produce), 0);
    assert!(bench.is_answered(metadata));
    bench.settle();
    // The pause was shorter than the controller's session timeout.
    assert_eq!(bench.cluster.leader("t", 0), Some((0, 0)));
}

#[test]
fn a_leader_that_hung_too_long_appends_in_its_old_epoch_and_loses_that() {
    let mut bench = quick();
    bench.cluster.pause(bench.now, 0);
    bench.pass_ms(2_000);
    assert_eq!(bench.cluster.leader("t", 0), Some((1, 1)));
    let by_new = bench.produce(1, -1, &[1]);
    bench.pass_ms(100);
    assert_eq!(bench.code(by_new), 0);

    let acks_1 = bench.produce(0, 1, &[2]);
    let acks_all = bench.produce(0, -1, &[3]);
    bench.cluster.resume(bench.now, 0);
    bench.pass(Duration::ZERO);
    // It still believes it is the leader: records that it acknowledges alone are lost.
    assert_eq!(bench.code(acks_1), 0);
    assert!(!bench.is_answered(acks_all));
    bench.settle();
    assert_eq!(bench.code(acks_all), 6);
    assert_eq!(bench.committed(), [1]);
}

#[test]
fn requests_that_timed_out_while_the_broker_hung_are_answered_when_it_goes_on() {
    let mut bench = quick();
    bench.cluster.set_replication(bench.now, 1, Some(Spread::millis(60_000, 60_000)));
    let handle = bench.produce(0, -1, &[1]);
    bench.cluster.pause(bench.now, 0);
    bench.pass(MINUTE);
    assert!(!bench.is_answered(handle));
    bench.cluster.resume(bench.now, 0);
    bench.pass(Duration::ZERO);
    assert_eq!(bench.code(handle), 7);
}

#[test]
fn an_isolated_leader_serves_its_clients_and_can_acknowledge_nothing_by_all() {
    let mut bench = quick();
    bench.cluster.isolate(bench.now, 0);
    let acks_1 = bench.produce(0, 1, &[1]);
    let acks_all = bench.produce(0, -1, &[2]);
    assert_eq!(bench.code(acks_1), 0);
    bench.pass_ms(5_000);
    assert!(!bench.is_answered(acks_all));
    assert_eq!(bench.cluster.leader("t", 0), Some((1, 1)));
    let by_new = bench.produce(1, -1, &[3]);
    bench.pass_ms(100);
    assert_eq!(bench.code(by_new), 0);
    bench.cluster.rejoin(bench.now, 0);
    bench.settle();
    assert_eq!(bench.code(acks_all), 6);
    assert_eq!(bench.committed(), [3]);
}

#[test]
fn an_isolated_broker_sees_the_cluster_as_it_was() {
    let mut bench = quick();
    bench.cluster.isolate(bench.now, 0);
    bench.settle();
    let handle = bench.cluster.metadata(bench.now, 0, MetadataRequest::default());
    bench.pass(Duration::ZERO);
    let Answer::Metadata(response) = &bench.answers[&handle].answer else { panic!("metadata") };
    assert_eq!(response.brokers.len(), 3);
}

#[test]
fn a_broken_disk_is_a_storage_error_also_for_what_waits() {
    let mut bench = quick();
    let waiting = bench.produce(0, -1, &[1]);
    bench.cluster.fail_disk(bench.now, 0);
    bench.pass(Duration::ZERO);
    assert_eq!(bench.code(waiting), 56);
    let handle = bench.produce(0, -1, &[2]);
    assert_eq!(bench.code(handle), 56);
    bench.settle();
    assert_eq!(bench.cluster.leader("t", 0), Some((1, 1)));
    bench.cluster.repair_disk(bench.now, 0);
    bench.settle();
    assert!(bench.committed().is_empty());
    let replicas = bench.cluster.nodes.iter().flat_map(|node| node.replicas.values());
    assert!(replicas.clone().all(|replica| replica.log.end_offset() == 0));
}

#[test]
fn healing_undoes_everything() {
    let mut bench = quick();
    bench.cluster.crash(bench.now, 0);
    bench.cluster.pause(bench.now, 1);
    bench.cluster.isolate(bench.now, 2);
    bench.cluster.fail_disk(bench.now, 2);
    bench.pass(MINUTE);
    let hidden_until = bench.now + MINUTE;
    bench.cluster.hide_topic(bench.now, "t", hidden_until);
    bench.cluster.heal(bench.now);
    bench.settle();
    let (leader, _) = bench.cluster.leader("t", 0).unwrap();
    let handle = bench.produce(leader, -1, &[1]);
    bench.settle();
    assert_eq!(bench.code(handle), 0);
    assert_eq!(bench.cluster.image.partitions().next().unwrap().1.isr.len(), 3);
}

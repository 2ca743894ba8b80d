//! Tests of leader elections, truncation and the answers of former leaders.

use super::*;

#[test]
fn only_the_leader_takes_records_and_others_name_it() {
    let mut bench = Bench::new();
    let handle = bench.produce(2, -1, &[1]);
    assert_eq!(bench.code(handle), 6);
    let hint = bench.outcome(handle).current_leader.clone().unwrap();
    assert_eq!((hint.leader_id, hint.leader_epoch), (0, 0));
    let endpoints = bench.response(handle).node_endpoints.as_ref().unwrap();
    assert_eq!(
        (endpoints[0].node_id, &endpoints[0].host[..], endpoints[0].port),
        (0, "broker-0", 9092)
    );
}

#[test]
fn leaders_are_named_only_as_often_as_wanted() {
    let mut bench = Bench::new();
    let chances = Chances { leader_hint: PerMille(0), ..Chances::default() };
    bench.cluster.set_chances(bench.now, chances);
    let handle = bench.produce(2, -1, &[1]);
    assert_eq!(bench.outcome(handle).current_leader, None);
    assert_eq!(bench.response(handle).node_endpoints, None);
}

#[test]
fn a_dead_leader_is_replaced_after_a_while_by_one_in_sync_in_a_new_epoch() {
    let mut bench = Bench::new();
    let crashed = bench.now;
    bench.cluster.crash(crashed, 0);
    bench.pass_ms(2_999);
    assert_eq!(bench.cluster.leader("t", 0), Some((0, 0)));
    bench.pass_ms(6_001);
    assert_eq!(bench.cluster.leader("t", 0), Some((1, 1)));
    bench.settle();
    let handle = bench.produce(1, -1, &[1]);
    bench.settle();
    assert_eq!(bench.code(handle), 0);
}

#[test]
fn until_a_new_leader_knows_that_it_is_one_it_refuses() {
    let mut bench = Bench::new();
    assert!(bench.cluster.move_leader(bench.now, "t", 0, 1));
    let handle = bench.produce(1, -1, &[1]);
    assert_eq!(bench.code(handle), 6);
    assert_eq!(bench.outcome(handle).current_leader.as_ref().unwrap().leader_id, 0);
    bench.settle();
    let handle = bench.produce(0, -1, &[1]);
    let hint = bench.outcome(handle).current_leader.clone().unwrap();
    assert_eq!((bench.code(handle), hint.leader_id, hint.leader_epoch), (6, 1, 1));
}

#[test]
fn acknowledged_batches_survive_their_leader() {
    let mut bench = Bench::new();
    let handle = bench.produce(0, -1, &[1]);
    while !bench.is_answered(handle) {
        bench.pass_ms(1);
    }
    bench.cluster.crash(bench.now, 0);
    bench.settle();
    assert_eq!(bench.committed(), [1]);
    bench.cluster.restart(bench.now, 0);
    bench.settle();
    assert_eq!(bench.committed(), [1]);
}

#[test]
fn unreplicated_batches_are_lost_and_the_old_leader_truncates() {
    let mut bench = Bench::new();
    bench.produce(0, 1, &[1]);
    bench.settle();
    bench.produce(0, 1, &[2]);
    bench.cluster.crash(bench.now, 0);
    bench.settle();
    bench.produce(1, 1, &[3]);
    bench.cluster.restart(bench.now, 0);
    bench.settle();
    assert_eq!(bench.committed(), [1, 3]);
    let replicas = bench.cluster.nodes.iter().flat_map(|node| node.replicas.values());
    assert!(replicas.clone().all(|replica| replica.log.end_offset() == 2));
    assert!(replicas.clone().all(|replica| replica.high_watermark == 2));
}

#[test]
fn the_old_leader_truncates_also_where_the_new_one_has_a_batch_in_part() {
    let mut bench = Bench::new();
    bench.produce(0, 1, &[1]);
    bench.settle();
    bench.produce(0, 1, &[2]);
    bench.produce(0, 1, &[3]);
    bench.cluster.crash(bench.now, 0);
    bench.settle();
    bench.produce(1, 1, &[4, 5, 6]);
    bench.settle();
    assert_eq!(bench.cluster.delete_records(bench.now, "t", 0, 3), Ok(3));
    bench.cluster.restart(bench.now, 0);
    bench.settle();
    let logs = bench.cluster.nodes.iter().flat_map(|node| node.replicas.values()).map(|r| &r.log);
    assert!(logs.clone().all(|log| (log.first_stored(), log.end_offset()) == (1, 4)));
}

#[test]
fn a_replicated_batch_survives_without_an_acknowledgement() {
    let settings = Settings { replication: Spread::millis(5, 5), ..Settings::default() };
    let mut bench = Bench::with(settings, TopicSettings::default());
    let handle = bench.produce(0, -1, &[1]);
    bench.pass_ms(6);
    bench.cluster.crash(bench.now, 0);
    bench.settle();
    assert!(!bench.is_answered(handle));
    assert_eq!(bench.committed(), [1]);
}

#[test]
fn a_leader_that_steps_down_refuses_what_it_has_stored() {
    let mut bench = Bench::new();
    for follower in [1, 2] {
        bench.cluster.set_replication(bench.now, follower, Some(Spread::millis(100, 100)));
    }
    let handle = bench.produce(0, -1, &[1]);
    bench.pass_ms(101);
    // The followers have the record, but the leader does not know yet.
    bench.cluster.move_leader(bench.now, "t", 0, 1);
    bench.settle();
    assert_eq!((bench.code(handle), bench.outcome(handle).base_offset), (6, 0));
    assert_eq!(bench.committed(), [1]);
}

#[test]
fn without_in_sync_replicas_there_is_no_leader_until_the_last_returns() {
    let topic = TopicSettings { min_isr: 1, ..TopicSettings::default() };
    let mut bench = Bench::with(Settings::default(), topic);
    bench.cluster.crash(bench.now, 1);
    bench.cluster.crash(bench.now, 2);
    bench.settle();
    let handle = bench.produce(0, -1, &[1]);
    assert_eq!(bench.code(handle), 0);
    bench.cluster.crash(bench.now, 0);
    bench.cluster.restart(bench.now, 1);
    bench.cluster.restart(bench.now, 2);
    bench.settle();
    assert_eq!(bench.cluster.leader("t", 0), None);
    bench.cluster.restart(bench.now, 0);
    bench.settle();
    assert_eq!(bench.cluster.leader("t", 0).map(|(node, _)| node), Some(0));
    assert_eq!(bench.committed(), [1]);
}

#[test]
fn only_one_in_sync_can_be_made_the_leader() {
    let mut bench = Bench::new();
    bench.cluster.crash(bench.now, 1);
    bench.settle();
    assert!(!bench.cluster.move_leader(bench.now, "t", 0, 1));
    assert!(!bench.cluster.move_leader(bench.now, "t", 0, 0));
    assert!(!bench.cluster.move_leader(bench.now, "u", 0, 2));
    assert!(bench.cluster.move_leader(bench.now, "t", 0, 2));
}

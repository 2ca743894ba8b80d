//! Random tests: records acknowledged with `acks=all` keep their offsets whatever happens to
//! brokers. After the last fault all replicas become equal.

use super::*;

const SEEDS: u64 = 300;
const STEPS: u64 = 400;

struct Chaos {
    bench: Bench,
    random: Random,
    next_id: u64,
    /// The record of each request.
    sent: BTreeMap<RequestHandle, u64>,
}

impl Chaos {
    fn new(seed: u64) -> Self {
        let topic = TopicSettings { min_isr: 1 + (seed % 2) as usize, ..TopicSettings::default() };
        let mut random = Random::new(seed);
        let mut settings = Settings {
            detection: Spread::millis(200, 2000),
            startup: Spread::millis(100, 1000),
            replica_lag_max: Duration::from_millis(500),
            ..Settings::default()
        };
        settings.metadata_lag = Spread::millis(1, 1 + 50 * random.below(10));
        settings.replication = Spread::millis(1, 1 + random.below(30));
        let cluster = Cluster::new(settings, Random::new(random.next_u64()));
        let mut bench = Bench { cluster, now: Duration::ZERO, answers: BTreeMap::new() };
        bench.cluster.create_topic(bench.now, "t", topic);
        Self { bench, random, next_id: 0, sent: BTreeMap::new() }
    }

    fn step(&mut self) {
        let now = self.bench.now;
        let node = self.random.below(3) as NodeId;
        let cluster = &mut self.bench.cluster;
        match self.random.below(40) {
            0 => cluster.crash(now, node),
            1..=3 => cluster.restart(now, node),
            4 => cluster.pause(now, node),
            5..=7 => cluster.resume(now, node),
            8 => cluster.isolate(now, node),
            9..=11 => cluster.rejoin(now, node),
            12 => cluster.fail_disk(now, node),
            13..=15 => cluster.repair_disk(now, node),
            16 | 17 => drop(cluster.move_leader(now, "t", 0, node)),
            18 => cluster.set_replication(now, node, Some(Spread::millis(10, 1500))),
            19 => cluster.set_replication(now, node, None),
            20 => {
                let before = self.random.below(1 + self.next_id) as i64;
                // Usually beyond the end, and therefore refused.
                let _ = cluster.delete_records(now, "t", 0, before);
            }
            _ => {
                self.next_id += 1;
                let handle = self.bench.produce(node, -1, &[self.next_id]);
                self.sent.insert(handle, self.next_id);
            }
        }
        let pause = if self.random.below(10) == 0 { 1000 } else { 20 };
        let time = self.random.below(pause);
        self.bench.pass_ms(time);
    }

    fn judge(mut self) -> usize {
        self.bench.cluster.heal(self.bench.now);
        self.bench.settle();
        let id = self.bench.cluster.topic_id("t").unwrap();
        let records = stored(&self.bench.cluster.committed(id, 0).unwrap());
        let mut acknowledged = 0;
        for (handle, id) in &self.sent {
            if self.bench.is_answered(*handle) && self.bench.code(*handle) == 0 {
                acknowledged += 1;
                let place = (self.bench.outcome(*handle).base_offset, *id);
                assert!(records.contains(&place), "{place:?} is lost");
            }
        }
        let offsets: Vec<_> = records.iter().map(|(offset, _)| *offset).collect();
        assert_eq!(offsets, (0..offsets.len() as i64).collect::<Vec<_>>());
        for node in &self.bench.cluster.nodes {
            let (_, replica) = node.replicas.first_key_value().unwrap();
            assert_eq!(replica.log.end_offset(), offsets.len() as i64);
            assert_eq!(replica.high_watermark, offsets.len() as i64);
        }
        assert_eq!(self.bench.cluster.image.partitions().next().unwrap().1.isr.len(), 3);
        acknowledged
    }
}

#[test]
fn acknowledged_records_are_never_lost_or_moved() {
    let mut acknowledged = 0;
    for seed in 0..SEEDS {
        let run = std::panic::catch_unwind(|| {
            let mut chaos = Chaos::new(seed);
            for _ in 0..STEPS {
                chaos.step();
            }
            chaos.judge()
        });
        acknowledged += run.unwrap_or_else(|_| panic!("seed {seed} fails"));
    }
    // Otherwise the test would prove nothing.
    assert!(acknowledged > SEEDS as usize * 5, "only {acknowledged} records were acknowledged");
}

//! What goes wrong, and when it ends.

use std::time::Duration;

use super::run::Run;

impl Run<'_> {
    /// One fault, of any kind.
    pub(super) fn fault(&mut self) {
        let brokers = self.scenario.cluster.brokers as u64;
        let node = self.random.below(brokers) as i32;
        let topics = &self.scenario.topics;
        let (name, settings) = &topics[self.random.below(topics.len() as u64) as usize];
        let (name, settings) = (name.clone(), *settings);
        let partition = self.random.below(settings.partitions as u64) as i32;
        let now = self.now;
        let kind = self.random.below(16);
        self.note(|| format!("fault {kind} at broker {node} or {name}/{partition}"));
        match kind {
            0..=3 => {
                let nodes = self.network.nodes();
                if !nodes.is_empty() {
                    let node = nodes[self.random.below(nodes.len() as u64) as usize];
                    if let Some(link) = self.network.to(node) {
                        self.cut(link);
                    }
                }
            }
            4 => {
                self.cluster.crash(now, node);
                if let Some(link) = self.network.to(node) {
                    self.cut(link);
                }
            }
            5 | 6 => self.cluster.restart(now, node),
            7 => self.cluster.pause(now, node),
            8 | 9 => {
                for node in 0..brokers as i32 {
                    self.cluster.resume(now, node);
                    self.cluster.rejoin(now, node);
                    self.cluster.repair_disk(now, node);
                }
            }
            10 if self.random.below(3) == 0 => self.cluster.fail_disk(now, node),
            10 => self.cluster.isolate(now, node),
            11 => {
                self.cluster.move_leader(now, &name, partition, node);
            }
            12 => {
                let time = Duration::from_millis(self.random.below(2_000));
                self.cluster.hide_topic(now, &name, now + time);
            }
            13 => {
                let smaller = 200 + self.random.below(600) as usize;
                let size = if self.random.below(2) == 0 { smaller } else { 1_048_588 };
                self.cluster.alter_topic(now, &name, |topic| {
                    topic.log.max_message_bytes = size;
                });
            }
            14 if self.scenario.recreates => {
                self.cluster.delete_topic(now, &name);
                self.cluster.create_topic(now, &name, settings);
            }
            14 => {
                let more = settings.partitions + self.random.below(3) as i32;
                self.cluster.add_partitions(now, &name, more);
            }
            _ => {
                // What is deleted counts as stored all the same. Brokers refuse what they cannot
                // delete, and nobody minds.
                let before = self.random.below(300) as i64;
                let _refused = self.cluster.delete_records(now, &name, partition, before);
            }
        }
    }

    /// Everything is made good, and stays so.
    pub(super) fn heal(&mut self) {
        self.faults_until = self.now;
        self.cluster.heal(self.now);
        self.note(|| "healed".to_owned());
    }

    /// Lets replication come to rest, so that everything committed shows.
    pub(super) fn settle_cluster(&mut self) {
        for _ in 0..1_000 {
            let Some(next) = self.cluster.next_event() else { return };
            self.now = self.now.max(next);
            self.cluster.poll(self.now);
        }
    }
}

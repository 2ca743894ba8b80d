//! The faults of a run, and their end.

use std::time::Duration;

use super::cluster::{NodeId, Spread, TopicSettings};
use super::extra::Extra;
use super::run::Run;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Cut,
    Crash,
    Restart,
    /// A broker hangs.
    Pause,
    /// All hung or isolated brokers and failed disks recover.
    Recover,
    FailDisk,
    /// A broker is cut off from the other brokers, but not from its clients.
    Isolate,
    MoveLeader,
    /// Brokers report a topic as unknown for a while.
    Hide,
    /// `max.message.bytes` of a topic changes.
    LimitSize,
    /// A topic is deleted and immediately recreated with the same settings.
    Recreate,
    AddPartitions,
    DeleteRecords,
    /// A topic is deleted and recreated, maybe later, with another partition count and other
    /// leaders.
    Reshape,
    Delete,
    /// A topic is deleted, and recreated after some seconds.
    DeleteForAWhile,
    /// A topic gets more partitions than it ever had.
    Grow,
    /// A topic starts or stops to reject records without a key.
    Compact,
    RefuseLogins,
}

/// Maximum number of partitions that `Grow` creates.
const MAX_PARTITIONS: i32 = 8;

impl Fault {
    /// Returns whether the fault needs an existing topic.
    fn is_of_topic(self) -> bool {
        matches!(self, Self::LimitSize | Self::Recreate | Self::AddPartitions | Self::Reshape)
            || matches!(self, Self::Delete | Self::DeleteForAWhile | Self::Grow | Self::Compact)
    }

    pub(crate) fn deletes(self) -> bool {
        matches!(self, Self::Recreate | Self::Reshape | Self::Delete | Self::DeleteForAWhile)
    }
}

struct Target {
    node: NodeId,
    topic: String,
    settings: TopicSettings,
    partition: i32,
}

impl Run<'_> {
    pub(super) fn fault(&mut self) {
        let target = self.fault_target();
        let fault = self.fault_kind();
        let Target { node, topic, partition, .. } = &target;
        self.note(|| format!("fault {fault:?} at broker {node} or {topic}/{partition}"));
        self.strike(fault, &target);
    }

    fn fault_target(&mut self) -> Target {
        let node = self.random.below(self.scenario.cluster.brokers as u64) as i32;
        let topics = &self.scenario.topics;
        let (topic, settings) = &topics[self.random.below(topics.len() as u64) as usize];
        let partition = self.random.below(settings.partitions as u64) as i32;
        Target { node, topic: topic.clone(), settings: *settings, partition }
    }

    fn fault_kind(&mut self) -> Fault {
        let Extra { faults, no_other_faults, .. } = &self.scenario.extra;
        if !faults.is_empty() && (*no_other_faults || self.extra.below(3) == 0) {
            return faults[self.extra.below(faults.len() as u64) as usize];
        }
        match self.random.below(16) {
            0..=3 => Fault::Cut,
            4 => Fault::Crash,
            5 | 6 => Fault::Restart,
            7 => Fault::Pause,
            8 | 9 => Fault::Recover,
            10 if self.random.below(3) == 0 => Fault::FailDisk,
            10 => Fault::Isolate,
            11 => Fault::MoveLeader,
            12 => Fault::Hide,
            13 => Fault::LimitSize,
            14 if self.scenario.recreates => Fault::Recreate,
            14 => Fault::AddPartitions,
            _ => Fault::DeleteRecords,
        }
    }

    fn strike(&mut self, fault: Fault, target: &Target) {
        let Target { node, topic: ref name, settings, partition } = *target;
        let now = self.now;
        if fault.is_of_topic() && self.cluster.topic_id(name).is_none() {
            return;
        }
        match fault {
            Fault::Cut => {
                let nodes = self.network.nodes();
                if !nodes.is_empty() {
                    let node = nodes[self.random.below(nodes.len() as u64) as usize];
                    self.cut_from(node);
                }
            }
            Fault::Crash => {
                self.cluster.crash(now, node);
                self.cut_from(node);
            }
            Fault::Restart => self.cluster.restart(now, node),
            Fault::Pause => self.cluster.pause(now, node),
            Fault::Recover => {
                for node in 0..self.scenario.cluster.brokers {
                    self.cluster.resume(now, node);
                    self.cluster.rejoin(now, node);
                    self.cluster.repair_disk(now, node);
                }
            }
            Fault::FailDisk => self.cluster.fail_disk(now, node),
            Fault::Isolate => self.cluster.isolate(now, node),
            Fault::MoveLeader => {
                self.cluster.move_leader(now, name, partition, node);
            }
            Fault::Hide => {
                let time = Duration::from_millis(self.random.below(2_000));
                self.cluster.hide_topic(now, name, now + time);
            }
            Fault::LimitSize => {
                let smaller = 200 + self.random.below(600) as usize;
                let size = if self.random.below(2) == 0 { smaller } else { 1_048_588 };
                self.cluster.alter_topic(now, name, |topic| {
                    topic.log.max_message_bytes = size;
                });
            }
            Fault::Recreate => {
                self.cluster.delete_topic(now, name);
                self.cluster.create_topic(now, name, settings);
            }
            Fault::AddPartitions => {
                let more = settings.partitions + self.random.below(3) as i32;
                self.cluster.add_partitions(now, name, more);
            }
            Fault::DeleteRecords => {
                // Deleted records still count as stored. A broker may refuse, which does not
                // matter.
                let before = self.random.below(300) as i64;
                let _refused = self.cluster.delete_records(now, name, partition, before);
            }
            Fault::Reshape => {
                let partitions = 1 + self.extra.below(5) as i32;
                let first_leader = self.extra.below(self.scenario.cluster.brokers as u64) as i32;
                let settings = TopicSettings { partitions, first_leader, ..settings };
                let pause = Spread::millis(0, [0, 2_000][self.extra.below(2) as usize]);
                self.delete_until(pause, name, settings);
            }
            Fault::Delete => self.cluster.delete_topic(now, name),
            Fault::DeleteForAWhile => {
                self.delete_until(Spread::millis(500, 10_000), name, settings);
            }
            Fault::Grow => {
                let more = self.cluster.partitions(name) + 1 + self.extra.below(2) as i32;
                self.cluster.add_partitions(now, name, more.min(MAX_PARTITIONS));
            }
            Fault::Compact => self.cluster.alter_topic(now, name, |topic| {
                topic.log.compacted = !topic.log.compacted;
            }),
            Fault::RefuseLogins => {
                self.logins.refused_until = now + Spread::millis(0, 8_000).sample(&mut self.extra);
            }
        }
    }

    fn delete_until(&mut self, pause: Spread, name: &str, settings: TopicSettings) {
        self.cluster.delete_topic(self.now, name);
        let at = self.now + pause.sample(&mut self.extra);
        self.cluster.create_topic_later(at, name, settings);
    }

    fn cut_from(&mut self, node: NodeId) {
        if let Some(link) = self.network.to(node) {
            self.cut(link);
        }
    }

    /// Ends all faults for the rest of the run.
    pub(super) fn heal(&mut self) {
        self.faults_until = self.now;
        self.logins.refused_until = self.now;
        self.cluster.heal(self.now);
        self.note(|| "healed".to_owned());
    }

    /// Lets replication finish, so that all committed records are visible.
    pub(super) fn settle_cluster(&mut self) {
        for _ in 0..1_000 {
            let Some(next) = self.cluster.next_event() else { return };
            self.now = self.now.max(next);
            self.cluster.poll(self.now);
        }
    }
}

//! Topics and their partitions, each with its log and its leader.

use super::NodeId;
use crate::broker::log::{LogConfig, PartitionLog};

#[derive(Debug, Clone, Copy)]
pub struct TopicSettings {
    /// The number of replicas that metadata reports; −1 means one for each broker, at most three.
    pub replication_factor: i16,
    /// Whether records may be deleted: `cleanup.policy` includes "delete".
    pub deletes: bool,
    pub log: LogConfig,
}

impl Default for TopicSettings {
    fn default() -> Self {
        let log = LogConfig { validate_records: true, ..LogConfig::default() };
        Self { replication_factor: -1, deletes: true, log }
    }
}

#[derive(Debug)]
pub struct Topic {
    /// A topic that is deleted and created again gets a new id.
    pub id: u128,
    pub partitions: Vec<Partition>,
    settings: TopicSettings,
}

#[derive(Debug)]
pub struct Partition {
    pub leader: NodeId,
    /// The number of leader changes.
    pub leader_epoch: i32,
    /// The replicas that metadata reports.
    pub replicas: Vec<NodeId>,
    pub log: PartitionLog,
}

impl Topic {
    pub(super) fn new(id: u128, settings: TopicSettings) -> Self {
        Self { id, partitions: Vec::new(), settings }
    }

    pub fn settings(&self) -> &TopicSettings {
        &self.settings
    }

    pub fn partition(&self, index: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    pub(super) fn partition_mut(&mut self, index: i32) -> Option<&mut Partition> {
        self.partitions.get_mut(usize::try_from(index).ok()?)
    }

    /// Adds partitions until there are `partitions` of them.
    pub(super) fn grow(&mut self, partitions: i32, brokers: usize) {
        let replication_factor = match self.settings.replication_factor {
            -1 => brokers.min(3),
            replication_factor => replication_factor as usize,
        };
        for index in self.partitions.len()..partitions as usize {
            let node = |offset| ((index + offset) % brokers + 1) as NodeId;
            self.partitions.push(Partition {
                leader: node(0),
                leader_epoch: 0,
                replicas: (0..replication_factor).map(node).collect(),
                log: PartitionLog::new(self.settings.log),
            });
        }
    }
}

//! A topic: its partitions, each with its log and its leader.

use super::NodeId;
use crate::broker::log::{LogConfig, PartitionLog};

/// What a topic may be told when it is made.
#[derive(Debug, Clone, Copy)]
pub struct TopicSettings {
    /// How many brokers are said to have a copy; −1 for as many as there are, up to three.
    pub replication_factor: i16,
    /// Whether records may be deleted: `cleanup.policy` has "delete".
    pub deletes: bool,
    /// The settings of its partitions' logs.
    pub log: LogConfig,
}

impl Default for TopicSettings {
    fn default() -> Self {
        let log = LogConfig { decodes: true, ..LogConfig::default() };
        Self { replication_factor: -1, deletes: true, log }
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Topic {
    /// Its id; a topic that is made anew gets another.
    pub id: u128,
    /// Its partitions, by their index.
    pub partitions: Vec<Partition>,
    settings: TopicSettings,
}

/// One partition.
#[derive(Debug)]
pub struct Partition {
    /// The broker that takes and gives out its records.
    pub leader: NodeId,
    /// How often the leader has changed.
    pub leader_epoch: i32,
    /// Who is said to have a copy.
    pub replicas: Vec<NodeId>,
    /// Its records.
    pub log: PartitionLog,
}

impl Topic {
    pub(super) fn new(id: u128, settings: TopicSettings) -> Self {
        Self { id, partitions: Vec::new(), settings }
    }

    /// Its settings.
    pub fn settings(&self) -> &TopicSettings {
        &self.settings
    }

    /// A partition.
    pub fn partition(&self, index: i32) -> Option<&Partition> {
        self.partitions.get(usize::try_from(index).ok()?)
    }

    pub(super) fn partition_mut(&mut self, index: i32) -> Option<&mut Partition> {
        self.partitions.get_mut(usize::try_from(index).ok()?)
    }

    /// Gets partitions until it has as many.
    pub(super) fn grow(&mut self, partitions: i32, brokers: usize) {
        let copies = match self.settings.replication_factor {
            -1 => brokers.min(3),
            copies => copies as usize,
        };
        for index in self.partitions.len()..partitions as usize {
            let node = |offset| ((index + offset) % brokers + 1) as NodeId;
            self.partitions.push(Partition {
                leader: node(0),
                leader_epoch: 0,
                replicas: (0..copies).map(node).collect(),
                log: PartitionLog::new(self.settings.log),
            });
        }
    }
}

//! A topic as the cluster describes it: its partitions, who leads them, or why it has none.

use std::sync::Arc;

use super::NodeId;
use crate::error::ErrorCode;
use crate::protocol::MetadataTopic;

/// The leader of a partition, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leader {
    pub(crate) node: Option<NodeId>,
    pub(crate) epoch: i32,
}

impl Leader {
    /// No leader is known.
    pub(crate) const NONE: Self = Self { node: None, epoch: -1 };
}

/// What an answer says of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// The cluster refuses to describe it.
    Refused(ErrorCode),
    /// It is being created, and has no partitions yet.
    Empty,
    /// It has partitions.
    Described {
        /// Its id differs: a topic of the same name was deleted.
        is_recreated: bool,
    },
}

/// What changed with the leader of a partition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Succession {
    /// Another broker leads.
    pub(crate) is_other: bool,
    /// It was elected later than the leader that was known.
    pub(crate) is_newer: bool,
}

#[derive(Debug)]
pub(crate) struct Topic {
    name: Arc<str>,
    /// Zero where brokers have no ids for topics.
    id: u128,
    /// How many partitions can be used: 0 until the cluster has described the topic, and while it
    /// says that the topic does not exist.
    count: usize,
    /// How many partitions the topic with this id has, as far as the cluster has said.
    extent: usize,
    leaders: Vec<Leader>,
    /// Whether the last answer of a cluster without topic ids named fewer partitions.
    seems_smaller: bool,
    /// The number of the last question whose answer described the topic.
    described_by: u64,
    /// The number of the question whose answer made the topic smaller.
    shrunk_by: u64,
    /// The partitions that have a leader.
    led: Vec<i32>,
    /// What the cluster last said instead of describing the topic.
    refusal: Option<ErrorCode>,
}

impl Topic {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            id: 0,
            count: 0,
            extent: 0,
            leaders: Vec::new(),
            seems_smaller: false,
            described_by: 0,
            shrunk_by: 0,
            led: Vec::new(),
            refusal: None,
        }
    }

    #[inline]
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    #[inline]
    pub(crate) fn id(&self) -> u128 {
        self.id
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn extent(&self) -> usize {
        self.extent
    }

    pub(crate) fn described_by(&self) -> u64 {
        self.described_by
    }

    pub(crate) fn refusal(&self) -> Option<ErrorCode> {
        self.refusal
    }

    /// The partitions that have a leader.
    pub(crate) fn led(&self) -> &[i32] {
        &self.led
    }

    pub(crate) fn is_known(&self) -> bool {
        self.count > 0
    }

    /// Whether the topic existed and was deleted, or never existed.
    pub(crate) fn is_missing(&self) -> bool {
        self.refusal == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    }

    /// Whether the topic has a partition, as far as the cluster has said. A negative index is never
    /// worth waiting for.
    pub(crate) fn has(&self, partition: Option<i32>) -> bool {
        partition.is_none_or(|index| index < self.count as i32)
    }

    /// Whether a partition belonged to a topic of the same name that was deleted. One answer says so
    /// only for records that were handed over before its question; a topic may have been created
    /// once more since.
    pub(crate) fn is_deleted(&self, partition: usize) -> bool {
        partition >= self.extent && self.described_by > self.shrunk_by
    }

    #[inline]
    pub(crate) fn leader(&self, partition: usize) -> Leader {
        self.leaders.get(partition).copied().unwrap_or(Leader::NONE)
    }

    /// The leaders of the partitions that can be used.
    pub(crate) fn leaders(&self) -> impl Iterator<Item = Option<NodeId>> {
        self.leaders[..self.count].iter().map(|leader| leader.node)
    }

    /// Takes over what the answer to a question says, except for the leaders. Says whether the
    /// answer may come from a broker that lags behind.
    pub(super) fn take_in(&mut self, described: &MetadataTopic, question: u64) -> (News, bool) {
        let code = described.error_code;
        if !code.is_success() {
            self.refusal = Some(code);
            if code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION {
                // New records wait for the topic to come back, as for any other that is missing.
                self.count = 0;
            }
            return (News::Refused(code), false);
        }
        if described.partitions.is_empty() {
            self.refusal = Some(ErrorCode::LEADER_NOT_AVAILABLE);
            return (News::Empty, false);
        }
        self.refusal = None;
        self.described_by = question;
        let is_recreated = !self.leaders.is_empty() && self.id != described.topic_id;
        let extent = self.extent;
        let is_doubtful = !self.resize(described.topic_id, described.partitions.len());
        if self.extent < extent {
            self.shrunk_by = question;
        }
        self.leaders.resize(self.extent, Leader::NONE);
        if is_recreated {
            // Epochs count from the start again.
            for leader in &mut self.leaders {
                leader.epoch = -1;
            }
        }
        (News::Described { is_recreated }, is_doubtful)
    }

    /// Takes over how many partitions the cluster names now, and says whether the answer can be
    /// trusted. One that names fewer may come from a broker that lags behind: where topics have
    /// ids, the id decides; where they have none, a second answer has to agree.
    fn resize(&mut self, id: u128, count: usize) -> bool {
        let is_smaller = count < self.extent;
        let is_anew = self.id != id;
        let is_doubtful = is_smaller && !is_anew && (id != 0 || !self.seems_smaller);
        self.seems_smaller = is_smaller && !is_anew && id == 0;
        self.id = id;
        if !is_doubtful {
            self.extent = count;
        }
        self.count = self.extent;
        !is_doubtful || id != 0
    }

    /// Takes over the leader of a partition, unless the news is older than what is known: the
    /// broker that answered may not know of the last election.
    pub(super) fn follow(&mut self, partition: usize, leader: Leader) -> Option<Succession> {
        let known = self.leaders.get_mut(partition)?;
        if leader.epoch >= 0 && leader.epoch < known.epoch {
            return None;
        }
        let before = std::mem::replace(known, leader);
        Some(Succession {
            is_other: before.node != leader.node,
            is_newer: leader.epoch > before.epoch,
        })
    }

    /// Takes note of which partitions have a leader now.
    pub(super) fn list_led(&mut self) {
        let partitions = (0..).zip(&self.leaders[..self.count]);
        self.led = partitions.filter(|(_, p)| p.node.is_some()).map(|(index, _)| index).collect();
    }
}

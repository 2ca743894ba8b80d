//! The cached metadata of a topic: its partitions and their leaders, or the error that the cluster
//! returned instead.

use std::sync::Arc;

use super::NodeId;
use crate::error::ErrorCode;
use crate::protocol::MetadataTopic;

/// The known leader of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leader {
    pub(crate) node: Option<NodeId>,
    pub(crate) epoch: i32,
}

impl Leader {
    pub(crate) const NONE: Self = Self { node: None, epoch: -1 };
}

/// What an answer changes about a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// The cluster returns an error instead of a description.
    Refused(ErrorCode),
    /// The topic is being created, and has no partitions yet.
    Empty,
    Described {
        /// The id differs: the topic of the same name was deleted.
        is_recreated: bool,
    },
}

/// How the leader of a partition has changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Succession {
    /// Another broker leads.
    pub(crate) is_other: bool,
    /// The leader epoch is newer than the known one.
    pub(crate) is_newer: bool,
}

#[derive(Debug)]
pub(crate) struct Topic {
    name: Arc<str>,
    /// Zero if brokers have no topic ids.
    id: u128,
    /// The number of usable partitions. 0 until the cluster has described the topic, and while the
    /// topic does not exist.
    count: usize,
    /// The known number of partitions of the topic with this id.
    extent: usize,
    leaders: Vec<Leader>,
    /// Whether the last answer of a cluster without topic ids had fewer partitions.
    seems_smaller: bool,
    /// The number of the last request whose answer described the topic.
    described_by: u64,
    /// The number of the request whose answer reduced the partitions.
    shrunk_by: u64,
    /// The partitions with a leader.
    led: Vec<i32>,
    /// The last error of the cluster, if it returned no description.
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

    /// The partitions with a leader.
    pub(crate) fn led(&self) -> &[i32] {
        &self.led
    }

    pub(crate) fn is_known(&self) -> bool {
        self.count > 0
    }

    /// Whether the cluster has no such topic.
    pub(crate) fn is_missing(&self) -> bool {
        self.refusal == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    }

    /// Whether the topic has a partition, as far as is known. Always true for a negative index:
    /// waiting would not help.
    pub(crate) fn has(&self, partition: Option<i32>) -> bool {
        partition.is_none_or(|index| index < self.count as i32)
    }

    /// Whether a partition belonged to a deleted topic of the same name. One answer says so only
    /// for records that were handed over before its request: a topic may have been created again
    /// since.
    pub(crate) fn is_deleted(&self, partition: usize) -> bool {
        partition >= self.extent && self.described_by > self.shrunk_by
    }

    #[inline]
    pub(crate) fn leader(&self, partition: usize) -> Leader {
        self.leaders.get(partition).copied().unwrap_or(Leader::NONE)
    }

    /// The leaders of the usable partitions.
    pub(crate) fn leaders(&self) -> impl Iterator<Item = Option<NodeId>> {
        self.leaders[..self.count].iter().map(|leader| leader.node)
    }

    /// Applies an answer, except for the leaders. Returns what has changed, and whether the answer
    /// may come from a broker with outdated metadata.
    pub(super) fn take_in(&mut self, described: &MetadataTopic, question: u64) -> (News, bool) {
        let code = described.error_code;
        if !code.is_success() {
            self.refusal = Some(code);
            if code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION {
                // New records wait until the topic exists, as for any missing topic.
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
            // Leader epochs start again at zero.
            for leader in &mut self.leaders {
                leader.epoch = -1;
            }
        }
        (News::Described { is_recreated }, is_doubtful)
    }

    /// Applies the number of partitions. Returns whether the answer can be trusted: one with fewer
    /// partitions may come from a broker with outdated metadata. With topic ids, the id decides;
    /// without them, a second answer must agree.
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

    /// Applies the leader of a partition, unless the answer is older than what is known: the broker
    /// may have missed the last election.
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

    /// Updates the list of partitions with a leader.
    pub(super) fn list_led(&mut self) {
        let partitions = (0..).zip(&self.leaders[..self.count]);
        self.led = partitions.filter(|(_, p)| p.node.is_some()).map(|(index, _)| index).collect();
    }
}

//! A broker's replica of a partition, with the leader's state.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dekaf::broker::log::{LogConfig, PartitionLog, StoredBatch};

use super::NodeId;
use super::image::PartitionImage;

#[derive(Debug, Clone)]
pub(super) struct Replica {
    pub(super) log: PartitionLog,
    /// The offset up to which all in-sync replicas have the log, as far as this replica knows.
    pub(super) high_watermark: i64,
    pub(super) role: Role,
    pub(super) fetching: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Role {
    Leader(Leadership),
    Follower { leader: Option<NodeId>, epoch: i32 },
}

#[derive(Debug, Clone)]
pub(super) struct Leadership {
    pub(super) epoch: i32,
    /// The in-sync replicas in the leader's metadata.
    pub(super) isr: BTreeSet<NodeId>,
    /// Replicas that the leader has asked the controller to add to the ISR, with the image version
    /// that contains them. They count for the high watermark immediately. Otherwise a leader
    /// without that image could acknowledge records that a new ISR member lacks.
    pub(super) joining: BTreeMap<NodeId, u64>,
    pub(super) followers: BTreeMap<NodeId, Progress>,
    /// Whether a lag check is planned.
    pub(super) watched: bool,
}

/// A follower's progress, as its leader knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    /// −1 until the follower has fetched.
    pub(super) end: i64,
    /// When the follower last had the whole log.
    pub(super) caught_up: Duration,
}

impl Replica {
    pub(super) fn new(config: LogConfig) -> Self {
        Self {
            log: PartitionLog::new(config),
            high_watermark: 0,
            role: Role::Follower { leader: None, epoch: -1 },
            fetching: false,
        }
    }

    pub(super) fn leadership(&self) -> Option<&Leadership> {
        match &self.role {
            Role::Leader(leadership) => Some(leadership),
            Role::Follower { .. } => None,
        }
    }

    pub(super) fn leadership_mut(&mut self) -> Option<&mut Leadership> {
        match &mut self.role {
            Role::Leader(leadership) => Some(leadership),
            Role::Follower { .. } => None,
        }
    }

    /// Becomes or stays the leader, as in the image with this version.
    pub(super) fn lead(
        &mut self,
        node: NodeId,
        image: &PartitionImage,
        version: u64,
        now: Duration,
    ) {
        if let Some(leadership) = self.leadership_mut()
            && leadership.epoch == image.epoch
        {
            leadership.isr.clone_from(&image.isr);
            leadership.joining.retain(|_, joined| *joined > version);
            return;
        }
        let unknown = Progress { end: -1, caught_up: now };
        let followers = image.replicas.iter().filter(|id| **id != node);
        self.role = Role::Leader(Leadership {
            epoch: image.epoch,
            isr: image.isr.clone(),
            joining: BTreeMap::new(),
            followers: followers.map(|id| (*id, unknown)).collect(),
            watched: false,
        });
    }

    /// Advances the leader's high watermark to the lowest end offset in the ISR. Returns whether it
    /// moved.
    pub(super) fn advance(&mut self, node: NodeId) -> bool {
        let Some(leadership) = self.leadership() else { return false };
        let in_sync = leadership.isr.iter().chain(leadership.joining.keys());
        let reached = in_sync
            .filter(|id| **id != node)
            .map(|id| leadership.followers.get(id).map_or(-1, |progress| progress.end))
            .chain([self.log.end_offset()])
            .min()
            .expect("the leader itself");
        let moved = reached > self.high_watermark;
        self.high_watermark = self.high_watermark.max(reached);
        moved
    }

    /// Makes this log equal to the leader's: truncates where they diverge, then appends.
    pub(super) fn copy_from(&mut self, leader: &Self) {
        let agreed = self.agreement(leader);
        let committed = self.high_watermark.min(self.log.end_offset());
        assert!(agreed >= committed, "what is committed is never truncated");
        self.log.truncate_to(agreed);
        let first = leader.log.first_stored();
        if self.log.end_offset() < first {
            self.log.restart_at(first);
        }
        for batch in leader.log.batches_from(self.log.end_offset()) {
            self.log.append_replicated(batch.clone());
        }
        self.log.delete_records(leader.log.start_offset()).expect("the leader has more");
        self.high_watermark = self.high_watermark.max(leader.high_watermark);
    }

    /// Returns the offset up to which both logs agree. Deleted records were committed, so they
    /// agree.
    fn agreement(&self, leader: &Self) -> i64 {
        let mut agreed = self.log.end_offset().min(leader.log.end_offset());
        // The leader's start may be inside a batch, which it still has complete.
        for batch in self.log.batches_from(leader.log.first_stored()).rev() {
            if leader.has(batch) {
                return batch.next_offset();
            }
            agreed = batch.base_offset();
        }
        agreed
    }

    /// Returns whether this log has the same batch, and therefore the same log up to it.
    fn has(&self, batch: &StoredBatch) -> bool {
        self.log.batch_at(batch.base_offset()).is_some_and(|mine| {
            mine.base_offset() == batch.base_offset() && mine.leader_epoch() == batch.leader_epoch()
        })
    }
}

impl Leadership {
    /// Returns whether a replica counts for the high watermark.
    pub(super) fn counts(&self, node: NodeId) -> bool {
        self.isr.contains(&node) || self.joining.contains_key(&node)
    }

    /// Returns how many replicas count when the broker checks `min.insync.replicas` after an
    /// append.
    pub(super) fn in_sync(&self) -> usize {
        let joining = self.joining.keys().filter(|node| !self.isr.contains(node));
        self.isr.len() + joining.count()
    }
}

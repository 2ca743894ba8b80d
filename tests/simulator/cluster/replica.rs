//! One broker's copy of a partition, and what it needs to know as its leader.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dekaf::broker::log::{LogConfig, PartitionLog, StoredBatch};

use super::NodeId;
use super::image::PartitionImage;

#[derive(Debug, Clone)]
pub(super) struct Replica {
    pub(super) log: PartitionLog,
    /// Everything before it is stored by all in sync, as far as this replica knows.
    pub(super) high_watermark: i64,
    pub(super) role: Role,
    /// Whether a fetch is planned.
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
    /// Those in sync, as the controller last said.
    pub(super) isr: BTreeSet<NodeId>,
    /// Those whom the leader has asked the controller to add, and the picture that will have
    /// them. They count for the high watermark at once, or a leader that does not yet know of
    /// them could acknowledge what they have not.
    pub(super) joining: BTreeMap<NodeId, u64>,
    pub(super) followers: BTreeMap<NodeId, Progress>,
    /// Whether a look at lagging followers is planned.
    pub(super) watched: bool,
}

/// How far a follower is, as its leader knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progress {
    /// −1 until it has fetched.
    pub(super) end: i64,
    /// When it last had everything.
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

    /// Becomes the leader, or stays it, as the picture of a version says.
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

    /// Moves the leader's high watermark to where all in sync are, and says whether it moved.
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

    /// Becomes as the leader is: what the leader has not goes, what it has comes.
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

    /// Up to where both have the same. What one of them has deleted was committed, and the same.
    fn agreement(&self, leader: &Self) -> i64 {
        let mut agreed = self.log.end_offset().min(leader.log.end_offset());
        // The leader's start may be inside a batch, of which it still has the whole.
        for batch in self.log.batches_from(leader.log.first_stored()).rev() {
            if leader.has(batch) {
                return batch.next_offset();
            }
            agreed = batch.base_offset();
        }
        agreed
    }

    /// Whether it has the same batch, and so the same log up to there.
    fn has(&self, batch: &StoredBatch) -> bool {
        self.log.batch_at(batch.base_offset()).is_some_and(|mine| {
            mine.base_offset() == batch.base_offset() && mine.leader_epoch() == batch.leader_epoch()
        })
    }
}

impl Leadership {
    /// Whether a follower counts for the high watermark.
    pub(super) fn counts(&self, node: NodeId) -> bool {
        self.isr.contains(&node) || self.joining.contains_key(&node)
    }

    /// How many count, for an acknowledgement of what is stored already.
    pub(super) fn in_sync(&self) -> usize {
        let joining = self.joining.keys().filter(|node| !self.isr.contains(node));
        self.isr.len() + joining.count()
    }
}

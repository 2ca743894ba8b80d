//! Replication: fetches, the leader's knowledge of its followers, and the ISR. There is no polling:
//! a fetch is planned only if there is something to fetch and a reachable leader.

use super::replica::Replica;
use super::{Cluster, Due, NodeId, Partition};

impl Cluster {
    /// Returns the leader to fetch from. Both brokers must agree on the leader and its epoch.
    fn source(&self, partition: Partition, follower: NodeId) -> Option<NodeId> {
        let replica = self.replica(follower, partition)?;
        let super::replica::Role::Follower { leader: Some(leader), epoch } = replica.role else {
            return None;
        };
        let leadership = self.replica(leader, partition)?.leadership()?;
        let possible = leadership.epoch == epoch
            && self.node(follower).replicates()
            && self.node(leader).replicates();
        possible.then_some(leader)
    }

    /// Returns whether a fetch would change anything for the follower or its leader.
    fn is_behind(&self, partition: Partition, follower: NodeId, leader: NodeId) -> bool {
        let of = |node| self.replica(node, partition).expect("both have the partition");
        let (mine, theirs) = (of(follower), of(leader));
        let leadership = theirs.leadership().expect("it leads");
        let end = theirs.log.end_offset();
        mine.log.end_offset() != end
            || mine.log.start_offset() < theirs.log.start_offset()
            || mine.high_watermark < theirs.high_watermark
            || leadership.followers.get(&follower).is_none_or(|progress| progress.end != end)
            || self.may_join(partition, follower, leader)
    }

    /// Returns whether the controller would add a follower to the ISR.
    fn may_join(&self, partition: Partition, follower: NodeId, leader: NodeId) -> bool {
        let leadership = self.replica(leader, partition).and_then(Replica::leadership);
        let Some((leadership, image)) = leadership.zip(self.image.partition(partition)) else {
            return false;
        };
        !leadership.counts(follower)
            && self.image.is_usable(follower)
            && image.leader == Some(leader)
            && image.epoch == leadership.epoch
    }

    /// Plans a fetch if it would change anything.
    pub(super) fn plan_fetch(&mut self, partition: Partition, follower: NodeId) {
        let Some(leader) = self.source(partition, follower) else { return };
        if !self.is_behind(partition, follower, leader) {
            return;
        }
        let replica = self.replica_mut(follower, partition).expect("a follower has a replica");
        if !std::mem::replace(&mut replica.fetching, true) {
            let delay = self.node(follower).replication.unwrap_or(self.settings.replication);
            self.plan_after(delay, Due::Fetch { partition, follower });
        }
    }

    pub(super) fn plan_follower_fetches(&mut self, leader: NodeId, partition: Partition) {
        let leadership = self.replica(leader, partition).and_then(Replica::leadership);
        let followers: Vec<_> =
            leadership.into_iter().flat_map(|leading| leading.followers.keys().copied()).collect();
        for follower in followers {
            self.plan_fetch(partition, follower);
        }
    }

    /// Resumes replication of everything that a broker leads or follows, after it was unreachable.
    pub(super) fn resume_replication(&mut self, node: NodeId) {
        let partitions: Vec<_> = self.node(node).replicas.keys().copied().collect();
        for partition in partitions {
            self.plan_fetch(partition, node);
            self.plan_lag_check(node, partition);
            self.plan_follower_fetches(node, partition);
        }
    }

    /// Copies the leader's log to a follower.
    pub(super) fn fetch(&mut self, partition: Partition, follower: NodeId) {
        if let Some(replica) = self.replica_mut(follower, partition) {
            replica.fetching = false;
        }
        let Some(leader) = self.source(partition, follower) else { return };
        let mut copy = self.node_mut(follower).replicas.remove(&partition).expect("it fetched");
        let original = self.replica(leader, partition).expect("it leads");
        copy.copy_from(original);
        let epoch = original.leadership().expect("it leads").epoch;
        let end = copy.log.end_offset();
        self.node_mut(follower).replicas.insert(partition, copy);
        let delay = self.node(follower).replication.unwrap_or(self.settings.replication);
        self.plan_after(delay, Due::Fetched { partition, follower, leader, epoch, end });
    }

    /// Updates the leader's knowledge of a follower, and may add the follower to the ISR.
    pub(super) fn fetched(
        &mut self,
        partition: Partition,
        follower: NodeId,
        leader: NodeId,
        epoch: i32,
        end: i64,
    ) {
        let now = self.now;
        if !self.node(leader).replicates() {
            return;
        }
        let Some(replica) = self.replica_mut(leader, partition) else { return };
        let (log_end, high_watermark) = (replica.log.end_offset(), replica.high_watermark);
        let Some(leadership) = replica.leadership_mut().filter(|leading| leading.epoch == epoch)
        else {
            return;
        };
        let Some(progress) = leadership.followers.get_mut(&follower) else { return };
        progress.end = end;
        if end >= log_end {
            progress.caught_up = now;
        }
        if end >= high_watermark && self.may_join(partition, follower, leader) {
            let version = self.decide(|image| {
                image.partition_mut(partition).expect("it was there").isr.insert(follower);
                image.version
            });
            let replica = self.replica_mut(leader, partition).expect("it leads");
            replica.leadership_mut().expect("it leads").joining.insert(follower, version);
        }
        self.progressed(leader, partition);
        self.plan_fetch(partition, follower);
    }

    /// Advances the high watermark as far as possible, and answers requests that waited for it.
    pub(super) fn progressed(&mut self, leader: NodeId, partition: Partition) {
        let Some(replica) = self.replica_mut(leader, partition) else { return };
        if replica.advance(leader) {
            self.resolve_committed(leader, partition);
            self.plan_follower_fetches(leader, partition);
        }
    }

    /// Starts replication and lag checks after an append.
    pub(super) fn appended(&mut self, leader: NodeId, partition: Partition, old_end: i64) {
        let now = self.now;
        let replica = self.replica_mut(leader, partition).expect("it leads");
        let leadership = replica.leadership_mut().expect("it leads");
        for progress in leadership.followers.values_mut() {
            if progress.end >= old_end {
                progress.caught_up = now;
            }
        }
        self.progressed(leader, partition);
        self.plan_lag_check(leader, partition);
        self.plan_follower_fetches(leader, partition);
    }

    pub(super) fn plan_lag_check(&mut self, leader: NodeId, partition: Partition) {
        let replica = self.replica_mut(leader, partition);
        let Some(leadership) = replica.and_then(Replica::leadership_mut) else { return };
        if !leadership.followers.is_empty() && !std::mem::replace(&mut leadership.watched, true) {
            let epoch = leadership.epoch;
            let at = self.now + self.settings.replica_lag_max;
            self.plan(at, Due::LagCheck { partition, leader, epoch });
        }
    }

    /// Asks the controller to remove followers from the ISR that have lagged for too long.
    pub(super) fn check_lag(&mut self, partition: Partition, leader: NodeId, epoch: i32) {
        let lag_max = self.settings.replica_lag_max;
        let (now, reaches) = (self.now, self.node(leader).reaches_others());
        let Some(replica) = self.replica_mut(leader, partition) else { return };
        let end = replica.log.end_offset();
        let Some(leadership) = replica.leadership_mut().filter(|leading| leading.epoch == epoch)
        else {
            return;
        };
        leadership.watched = false;
        if !reaches {
            return;
        }
        let counted = leadership.isr.clone();
        let mut behind = leadership
            .followers
            .iter()
            .filter(|(follower, progress)| progress.end < end && counted.contains(follower));
        let next = behind.clone().map(|(_, progress)| progress.caught_up + lag_max).min();
        let lost: Vec<_> = behind
            .by_ref()
            .filter(|(_, progress)| progress.caught_up + lag_max <= now)
            .map(|(follower, _)| *follower)
            .collect();
        leadership.watched = next.is_some();
        if let Some(next) = next {
            // Check lost followers again until the metadata no longer lists them.
            let at = if next <= now { now + lag_max } else { next };
            self.plan(at, Due::LagCheck { partition, leader, epoch });
        }
        let image = self.image.partition(partition);
        if !lost.is_empty()
            && image.is_some_and(|image| image.epoch == epoch && image.leader == Some(leader))
        {
            self.decide(|image| {
                let image = image.partition_mut(partition).expect("it was there");
                image.isr.retain(|node| !lost.contains(node));
            });
        }
    }
}

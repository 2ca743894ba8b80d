//! Faults that can be injected into a cluster.

use std::time::Duration;

use super::node::Run;
use super::replica::Role;
use super::settings::Spread;
use super::{Chances, Cluster, Due, NodeId};

impl Cluster {
    /// Crashes a broker. It keeps its logs; its connections break, and its pending requests are
    /// never answered.
    pub(crate) fn crash(&mut self, now: Duration, id: NodeId) {
        self.advance(now);
        let node = self.node_mut(id);
        node.run = Run::Down;
        node.purgatory.clear();
        node.backlog.clear();
        for replica in node.replicas.values_mut() {
            replica.role = Role::Follower { leader: None, epoch: -1 };
        }
        self.disconnect(id);
    }

    /// Starts a broker that is down; it serves after a delay. The controller treats it as a new
    /// session, even if it never noticed the crash.
    pub(crate) fn restart(&mut self, now: Duration, id: NodeId) {
        self.advance(now);
        if self.node(id).run != Run::Down {
            return;
        }
        self.fence(id);
        let snapshots = self.settings.restarts_from_snapshots;
        for replica in self.node_mut(id).replicas.values_mut() {
            if snapshots {
                replica.log.reload_from_snapshot();
            }
        }
        let session = self.new_session(id);
        self.plan_after(self.settings.startup, Due::Unfence { node: id, session });
    }

    /// Makes a broker hang: it accepts connections and requests, but answers none.
    pub(crate) fn pause(&mut self, now: Duration, id: NodeId) {
        self.advance(now);
        let reached = self.node(id).reaches_others();
        if self.node(id).run == Run::Up {
            self.node_mut(id).run = Run::Paused;
        }
        if reached {
            self.disconnect(id);
        }
    }

    /// Resumes a paused broker. It first answers the requests that arrived meanwhile, from its
    /// stale metadata, and then receives the new metadata.
    pub(crate) fn resume(&mut self, now: Duration, id: NodeId) {
        self.advance(now);
        let node = self.node_mut(id);
        if node.run != Run::Paused {
            return;
        }
        node.run = Run::Up;
        let backlog = std::mem::take(&mut node.backlog);
        self.expire_overdue(id);
        for (handle, request) in backlog {
            self.serve(id, handle, request);
        }
        self.reconnect(id);
    }

    /// Cuts a broker off from all others and from the controller, but not from its clients.
    pub(crate) fn isolate(&mut self, now: Duration, id: NodeId) {
        self.advance(now);
        let reached = self.node(id).reaches_others();
        self.node_mut(id).isolated = true;
        if reached {
            self.disconnect(id);
        }
    }

    pub(crate) fn rejoin(&mut self, now: Duration, id: NodeId) {
        self.advance(now);
        if self.node(id).isolated {
            self.node_mut(id).isolated = false;
            self.reconnect(id);
        }
    }

    /// Fails a broker's disk: `KAFKA_STORAGE_ERROR`, also for requests that wait for replicas.
    pub(crate) fn fail_disk(&mut self, now: Duration, id: NodeId) {
        self.advance(now);
        self.node_mut(id).disk_failed = true;
        self.resolve(id, |_| Some(dekaf::error::ErrorCode(56)));
        self.decide(|image| {
            image.diskless.insert(id);
            image.withdraw(id);
        });
    }

    /// Repairs the disk; no data is lost.
    pub(crate) fn repair_disk(&mut self, now: Duration, id: NodeId) {
        self.advance(now);
        self.node_mut(id).disk_failed = false;
        self.decide(|image| {
            image.diskless.remove(&id);
            image.elect_missing_leaders();
        });
        self.resume_replication(id);
    }

    /// Sets a broker's replication delay; `None` restores the default.
    pub(crate) fn set_replication(&mut self, now: Duration, id: NodeId, delay: Option<Spread>) {
        self.advance(now);
        self.node_mut(id).replication = delay;
    }

    /// Makes all brokers report an existing topic as unknown until `until`.
    pub(crate) fn hide_topic(&mut self, now: Duration, name: &str, until: Duration) {
        self.advance(now);
        self.hidden.insert(name.to_owned(), until);
    }

    pub(crate) fn set_chances(&mut self, now: Duration, chances: Chances) {
        self.advance(now);
        self.settings.chances = chances;
    }

    /// Undoes every fault. The cluster is healthy once all planned events have happened.
    pub(crate) fn heal(&mut self, now: Duration) {
        self.set_chances(now, Chances::default());
        for until in self.hidden.values_mut() {
            *until = now.min(*until);
        }
        for id in 0..self.settings.brokers {
            self.set_replication(now, id, None);
            self.rejoin(now, id);
            self.resume(now, id);
            self.restart(now, id);
            if self.node(id).disk_failed {
                self.repair_disk(now, id);
            }
        }
    }

    /// The controller loses contact to a broker.
    fn disconnect(&mut self, node: NodeId) {
        let session = self.new_session(node);
        self.plan_after(self.settings.detection, Due::Fence { node, session });
    }

    /// Lets a running broker reconnect to the others, unless another fault prevents it.
    fn reconnect(&mut self, node: NodeId) {
        if self.node(node).reaches_others() {
            let session = self.new_session(node);
            self.plan_after(self.settings.metadata_lag, Due::Unfence { node, session });
            self.send_view(node);
            self.resume_replication(node);
        }
    }
}

//! Distribution of the controller's metadata to brokers, each after its own delay. A broker then
//! leads, follows or drops its partitions.

use std::rc::Rc;

use dekaf::error::ErrorCode;

use super::image::Image;
use super::replica::{Replica, Role};
use super::{Cluster, Due, NodeId};

impl Cluster {
    /// Changes the controller's metadata and sends it to all brokers.
    pub(super) fn decide<T>(&mut self, change: impl FnOnce(&mut Image) -> T) -> T {
        let image = Rc::make_mut(&mut self.image);
        image.version += 1;
        let result = change(image);
        for node in 0..self.settings.brokers {
            self.send_view(node);
        }
        result
    }

    /// Sends the current metadata to a broker, if it is reachable.
    pub(super) fn send_view(&mut self, node: NodeId) {
        if self.node(node).reaches_others() {
            let image = Rc::clone(&self.image);
            self.plan_after(self.settings.metadata_lag, Due::View { node, image });
        }
    }

    /// Handles new metadata on a broker.
    pub(super) fn learn(&mut self, id: NodeId, image: &Rc<Image>) {
        let node = self.node_mut(id);
        if !node.reaches_others() || image.version <= node.view.version {
            return;
        }
        node.view = Rc::clone(image);
        self.drop_deleted(id, image);
        for (partition, planned) in image.partitions() {
            if !planned.replicas.contains(&id) {
                continue;
            }
            let config = image.topic_by_id(partition.0).expect("its topic").1.settings.log;
            let now = self.now;
            let replicas = &mut self.node_mut(id).replicas;
            let replica = replicas.entry(partition).or_insert_with(|| Replica::new(config));
            if planned.leader == Some(id) {
                replica.lead(id, planned, image.version, now);
                self.progressed(id, partition);
                self.plan_lag_check(id, partition);
                self.plan_follower_fetches(id, partition);
            } else {
                replica.role = Role::Follower { leader: planned.leader, epoch: planned.epoch };
                // The appended records may survive or not; only the new leader knows.
                self.resolve(id, |waiting| {
                    (waiting.partition == partition).then_some(ErrorCode::NOT_LEADER_OR_FOLLOWER)
                });
                self.plan_fetch(partition, id);
            }
        }
    }

    /// Drops the replicas of deleted topics.
    fn drop_deleted(&mut self, id: NodeId, image: &Image) {
        let gone: Vec<_> = self.node(id).replicas.keys().copied().collect();
        for partition in gone {
            if image.partition(partition).is_some() {
                continue;
            }
            let replica = self.node_mut(id).replicas.remove(&partition).expect("it was listed");
            self.archive_replica(partition, replica);
            self.resolve(id, |waiting| {
                (waiting.partition == partition).then_some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
            });
        }
    }
}

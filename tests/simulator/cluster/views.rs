//! How the controller's decisions reach the brokers, each in its own time, and what a broker
//! does about them: lead, follow, or drop a partition.

use std::rc::Rc;

use dekaf::error::ErrorCode;

use super::image::Image;
use super::replica::{Replica, Role};
use super::{Cluster, Due, NodeId};

impl Cluster {
    /// The controller changes the picture, and sends it out.
    pub(super) fn decide<T>(&mut self, change: impl FnOnce(&mut Image) -> T) -> T {
        let image = Rc::make_mut(&mut self.image);
        image.version += 1;
        let result = change(image);
        for node in 0..self.settings.brokers {
            self.send_view(node);
        }
        result
    }

    /// Sends the picture to one broker, if it listens.
    pub(super) fn send_view(&mut self, node: NodeId) {
        if self.node(node).reaches_others() {
            let image = Rc::clone(&self.image);
            self.plan_after(self.settings.metadata_lag, Due::View { node, image });
        }
    }

    /// A picture arrives.
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
                self.watch(id, partition);
                self.kick_followers(id, partition);
            } else {
                replica.role = Role::Follower { leader: planned.leader, epoch: planned.epoch };
                // What was appended may be gone, or may not: the new leader knows.
                self.resolve(id, |waiting| {
                    (waiting.partition == partition).then_some(ErrorCode::NOT_LEADER_OR_FOLLOWER)
                });
                self.kick(partition, id);
            }
        }
    }

    /// Drops what belongs to topics that are no more.
    fn drop_deleted(&mut self, id: NodeId, image: &Image) {
        let gone: Vec<_> = self.node(id).replicas.keys().copied().collect();
        for partition in gone {
            if image.partition(partition).is_some() {
                continue;
            }
            let replica = self.node_mut(id).replicas.remove(&partition).expect("it was listed");
            self.bury(partition, replica);
            self.resolve(id, |waiting| {
                (waiting.partition == partition).then_some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
            });
        }
    }
}

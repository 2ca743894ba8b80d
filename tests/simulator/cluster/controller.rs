//! The controller, which never fails: topics, leaders and live brokers. Its decisions take effect
//! immediately; brokers learn of them later.

use std::rc::Rc;
use std::time::Duration;

use dekaf::broker::log::StoredBatch;
use dekaf::error::ErrorCode;

use super::image::{Image, PartitionImage, TopicImage};
use super::node::Run;
use super::replica::{Replica, Role};
use super::{Cluster, Due, History, NodeId, TopicId, TopicSettings};

impl Cluster {
    /// Creates a topic and returns its id. Brokers do not know the topic yet.
    pub(crate) fn create_topic(
        &mut self,
        now: Duration,
        name: &str,
        settings: TopicSettings,
    ) -> TopicId {
        self.advance(now);
        assert!(!self.image.topics.contains_key(name), "{name} exists");
        self.create(name, settings)
    }

    /// Creates a topic at a later time, unless it exists by then.
    pub(crate) fn create_topic_later(&mut self, at: Duration, name: &str, settings: TopicSettings) {
        self.plan(at, Due::Create { name: name.to_owned(), settings });
    }

    pub(super) fn create_unless_there(&mut self, name: &str, settings: TopicSettings) {
        if !self.image.topics.contains_key(name) {
            self.create(name, settings);
        }
    }

    pub(super) fn create(&mut self, name: &str, settings: TopicSettings) -> TopicId {
        let id = (u128::from(self.random.next_u64()) << 64) | u128::from(self.random.next_u64());
        let topic = TopicImage { id, settings, partitions: Vec::new() };
        self.decide(|image| image.topics.insert(name.to_owned(), Rc::new(topic)));
        self.grow(name, settings.partitions);
        id
    }

    pub(crate) fn delete_topic(&mut self, now: Duration, name: &str) {
        self.advance(now);
        self.decide(|image| image.topics.remove(name)).expect("a topic of that name");
    }

    pub(crate) fn add_partitions(&mut self, now: Duration, name: &str, partitions: i32) {
        self.advance(now);
        self.grow(name, partitions);
    }

    fn grow(&mut self, name: &str, partitions: i32) {
        let brokers = self.settings.brokers;
        let (id, indices) = self.decide(|image| {
            let usable = image.usable();
            let topic = Rc::make_mut(image.topics.get_mut(name).expect("a topic of that name"));
            let indices = topic.partitions.len() as i32..partitions;
            for index in indices.clone() {
                let replicas: Vec<_> = (0..brokers)
                    .map(|offset| (topic.settings.first_leader + index + offset) % brokers)
                    .take(topic.settings.replication_factor)
                    .collect();
                // A replica that is down when the partition is created is not in sync.
                let isr: Vec<_> =
                    replicas.iter().copied().filter(|node| usable.contains(node)).collect();
                topic.partitions.push(PartitionImage {
                    leader: isr.first().copied(),
                    isr: if isr.is_empty() {
                        replicas.iter().copied().take(1).collect()
                    } else {
                        isr.into_iter().collect()
                    },
                    replicas,
                    epoch: 0,
                });
            }
            (topic.id, indices)
        });
        for index in indices {
            let history = History { topic: name.to_owned(), ..History::default() };
            self.history.insert((id, index), history);
        }
    }

    /// Changes a topic's settings, except the number of partitions.
    pub(crate) fn alter_topic(
        &mut self,
        now: Duration,
        name: &str,
        change: impl FnOnce(&mut TopicSettings),
    ) {
        self.advance(now);
        self.decide(|image| {
            let topic = image.topics.get_mut(name).expect("a topic of that name");
            change(&mut Rc::make_mut(topic).settings);
        });
    }

    /// Makes an in-sync replica the leader. Returns false if that is not possible.
    pub(crate) fn move_leader(
        &mut self,
        now: Duration,
        name: &str,
        index: i32,
        to: NodeId,
    ) -> bool {
        self.advance(now);
        let Some(partition) = self.topic_id(name).map(|id| (id, index)) else { return false };
        let fit = self.image.partition(partition).is_some_and(|image| {
            image.isr.contains(&to) && image.leader != Some(to) && self.image.is_usable(to)
        });
        if fit {
            self.decide(|image| {
                let partition = image.partition_mut(partition).expect("it was there");
                partition.leader = Some(to);
                partition.epoch += 1;
            });
        }
        fit
    }

    /// Deletes the committed records before an offset on the leader, as `DeleteRecords` does.
    /// Returns the new start offset.
    pub(crate) fn delete_records(
        &mut self,
        now: Duration,
        name: &str,
        index: i32,
        before: i64,
    ) -> Result<i64, ErrorCode> {
        self.advance(now);
        let id = self.topic_id(name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let partition = (id, index);
        let leader = self.leader(name, index).ok_or(ErrorCode::LEADER_NOT_AVAILABLE)?.0;
        if !self.node(leader).replicates() {
            return Err(ErrorCode::NETWORK_EXCEPTION);
        }
        let replica = self.replica_mut(leader, partition);
        let replica = replica.filter(|replica| matches!(replica.role, Role::Leader(_)));
        let replica = replica.ok_or(ErrorCode::NOT_LEADER_OR_FOLLOWER)?;
        if before > replica.high_watermark {
            return Err(ErrorCode(1)); // OFFSET_OUT_OF_RANGE
        }
        let deleted = replica.log.delete_records(before)?;
        let start = replica.log.start_offset();
        let history = self.history.get_mut(&partition).expect("every partition has a history");
        let known = history.deleted.last().map_or(0, StoredBatch::next_offset);
        history.deleted.extend(deleted.into_iter().filter(|batch| batch.base_offset() >= known));
        self.plan_follower_fetches(leader, partition);
        Ok(start)
    }

    pub(crate) fn topic_id(&self, name: &str) -> Option<TopicId> {
        self.image.topics.get(name).map(|topic| topic.id)
    }

    pub(crate) fn partitions(&self, name: &str) -> i32 {
        self.image.topics.get(name).map_or(0, |topic| topic.partitions.len() as i32)
    }

    /// Returns whether every broker knows a partition of the topic's current incarnation.
    pub(crate) fn all_know(&self, name: &str, index: i32) -> bool {
        self.topic_id(name).is_some_and(|id| {
            let has = |view: &Image| view.partition((id, index)).is_some();
            has(&self.image) && self.views().all(has)
        })
    }

    /// Returns whether a topic is deleted and no broker knows it any more.
    pub(crate) fn all_forgot(&self, name: &str) -> bool {
        self.topic_id(name).is_none() && self.views().all(|view| !view.topics.contains_key(name))
    }

    /// Returns the metadata of all brokers, including those that are down, which may come back with
    /// it.
    fn views(&self) -> impl Iterator<Item = &Image> {
        self.nodes.iter().map(|node| &*node.view)
    }

    pub(crate) fn leader(&self, name: &str, index: i32) -> Option<(NodeId, i32)> {
        let image = self.image.partition((self.topic_id(name)?, index))?;
        Some((image.leader?, image.epoch))
    }

    /// Keeps a deleted replica for the history if its high watermark is the highest so far.
    pub(super) fn archive_replica(&mut self, partition: super::Partition, replica: Replica) {
        let history = self.history.get_mut(&partition).expect("every partition has a history");
        let known = history.last.as_ref().map_or(-1, |last| last.high_watermark);
        if replica.high_watermark > known {
            history.last = Some(replica);
        }
    }

    /// Starts a new session when the controller loses or regains a broker, which voids planned
    /// events.
    pub(super) fn new_session(&mut self, node: NodeId) -> u64 {
        let node = self.node_mut(node);
        node.session += 1;
        node.session
    }

    /// Fences a broker that was silent for too long.
    pub(super) fn fence_if_silent(&mut self, node: NodeId, session: u64) {
        if self.node(node).session == session {
            self.fence(node);
        }
    }

    pub(super) fn fence(&mut self, node: NodeId) {
        if self.image.alive.contains(&node) {
            self.decide(|image| {
                image.alive.remove(&node);
                image.withdraw(node);
            });
        }
    }

    /// Admits a broker that is back. A restarted one gets the current metadata and starts to serve.
    pub(super) fn unfence(&mut self, id: NodeId, session: u64) {
        if self.node(id).session != session {
            return;
        }
        let starting = self.node(id).run == Run::Down;
        if starting {
            self.node_mut(id).run = Run::Up;
        }
        if self.node(id).isolated {
            return;
        }
        if !self.image.alive.contains(&id) {
            self.decide(|image| {
                image.alive.insert(id);
                image.elect_missing_leaders();
            });
        }
        if starting {
            let image = Rc::clone(&self.image);
            self.learn(id, &image);
        }
        self.resume_replication(id);
    }
}

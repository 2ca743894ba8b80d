//! The cluster metadata of the controller: live brokers, topics, leaders and replicas. Each broker
//! acts on the last image it received.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::settings::TopicSettings;
use super::{NodeId, Partition, TopicId};

#[derive(Debug, Clone, Default)]
pub(super) struct Image {
    /// Incremented by every change.
    pub(super) version: u64,
    pub(super) alive: BTreeSet<NodeId>,
    /// Brokers with a failed disk, which neither lead nor follow.
    pub(super) diskless: BTreeSet<NodeId>,
    pub(super) topics: BTreeMap<String, Rc<TopicImage>>,
}

#[derive(Debug, Clone)]
pub(super) struct TopicImage {
    pub(super) id: TopicId,
    pub(super) settings: TopicSettings,
    pub(super) partitions: Vec<PartitionImage>,
}

#[derive(Debug, Clone)]
pub(super) struct PartitionImage {
    pub(super) replicas: Vec<NodeId>,
    /// Never empty: the last in-sync replica stays, even when it is down.
    pub(super) isr: BTreeSet<NodeId>,
    pub(super) leader: Option<NodeId>,
    pub(super) epoch: i32,
}

impl Image {
    pub(super) fn of(nodes: impl Iterator<Item = NodeId>) -> Self {
        Self { alive: nodes.collect(), ..Self::default() }
    }

    /// Returns whether a broker may lead.
    pub(super) fn is_usable(&self, node: NodeId) -> bool {
        self.alive.contains(&node) && !self.diskless.contains(&node)
    }

    pub(super) fn topic_by_id(&self, id: TopicId) -> Option<(&String, &Rc<TopicImage>)> {
        self.topics.iter().find(|(_, topic)| topic.id == id)
    }

    pub(super) fn partition(&self, (id, index): Partition) -> Option<&PartitionImage> {
        self.topic_by_id(id)?.1.partitions.get(usize::try_from(index).ok()?)
    }

    pub(super) fn partition_mut(&mut self, (id, index): Partition) -> Option<&mut PartitionImage> {
        let topic = self.topics.values_mut().find(|topic| topic.id == id)?;
        Rc::make_mut(topic).partitions.get_mut(usize::try_from(index).ok()?)
    }

    pub(super) fn partitions(&self) -> impl Iterator<Item = (Partition, &PartitionImage)> {
        self.topics.values().flat_map(|topic| {
            (0..).zip(&topic.partitions).map(|(index, partition)| ((topic.id, index), partition))
        })
    }

    /// Removes a broker's leaderships, and its ISR memberships where other replicas are in sync.
    pub(super) fn withdraw(&mut self, node: NodeId) {
        let usable = self.usable();
        for partition in self.all_partitions_mut() {
            if partition.isr.len() > 1 {
                partition.isr.remove(&node);
            }
            if partition.leader == Some(node) {
                partition.elect(&usable);
            }
        }
    }

    pub(super) fn elect_missing_leaders(&mut self) {
        let usable = self.usable();
        for partition in self.all_partitions_mut() {
            if partition.leader.is_none() && !usable.is_disjoint(&partition.isr) {
                partition.elect(&usable);
            }
        }
    }

    fn all_partitions_mut(&mut self) -> impl Iterator<Item = &mut PartitionImage> {
        self.topics.values_mut().flat_map(|topic| &mut Rc::make_mut(topic).partitions)
    }

    pub(super) fn usable(&self) -> BTreeSet<NodeId> {
        &self.alive - &self.diskless
    }
}

impl PartitionImage {
    /// Elects the first in-sync replica in assignment order. There is no unclean election.
    fn elect(&mut self, usable: &BTreeSet<NodeId>) {
        let fit = |node: &&NodeId| usable.contains(node) && self.isr.contains(node);
        self.leader = self.replicas.iter().find(fit).copied();
        self.epoch += 1;
    }
}

//! Applies metadata about topics and leaders to the queues.

use std::time::Instant;

use super::{Machine, wording};
use crate::cluster::{Leader, News, Place};
use crate::producer::sequence::Sequence;
use crate::protocol::{MetadataTopic, PartitionProduced, ProduceResponse};

impl<W> Machine<W> {
    /// Returns a topic's index. Adds a topic that was never named before.
    pub(super) fn named(&mut self, topic: &str) -> usize {
        if let Some(index) = self.cluster.look_up(topic) {
            return index;
        }
        let index = self.cluster.add(topic);
        self.queues.reach(index);
        self.timers.watch(index);
        index
    }

    /// Applies the metadata of a topic. A topic in error keeps its queued records, as the error may
    /// be temporary.
    pub(super) fn describe(&mut self, now: Instant, index: usize, described: &MetadataTopic) {
        let news = self.cluster.take_in(index, described);
        self.queues[index].count = self.cluster.topic(index).count();
        let is_recreated = match news {
            News::Empty => return,
            News::Refused(code) => {
                if !code.retriable() && !self.cluster.topic(index).is_known() {
                    let error = wording::unknown_topic(
                        &self.cluster,
                        index,
                        wording::metadata_limit(&self.config),
                    );
                    self.refuse_unassigned(index, &error);
                }
                return;
            }
            News::Described { is_recreated } => is_recreated,
        };
        let extent = self.cluster.topic(index).extent();
        let first = self.first_sequence();
        self.queues[index].reach(extent, first);
        for partition in extent..self.queues[index].partitions.len() {
            let place = Place { topic: index, partition };
            if is_recreated {
                self.queues.partition(place).topic_recreated();
            }
            self.drop_deleted(now, place);
        }
        for news in &described.partitions {
            let Ok(partition) = usize::try_from(news.partition_index) else { continue };
            if partition >= extent {
                continue;
            }
            let place = Place { topic: index, partition };
            if is_recreated {
                self.queues.partition(place).topic_recreated();
            }
            let node = Some(news.leader_id).filter(|leader| *leader >= 0);
            self.follow(now, place, Leader { node, epoch: news.leader_epoch });
        }
        self.cluster.list_led(index);
        self.queues[index].spread.changed();
        self.sort_out_unassigned(index);
        self.assign_unassigned(now, index);
        for partition in 0..self.queues[index].partitions.len() {
            self.update_partition(now, Place { topic: index, partition });
        }
    }

    /// Returns the number of a partition's first record. A forgotten partition starts a fresh
    /// epoch, and brokers with numbers of an earlier epoch accept only 0.
    fn first_sequence(&self) -> Sequence {
        if self.producer_ids.has_retired() {
            Sequence::FIRST
        } else {
            Sequence::new(self.config.first_sequence)
        }
    }

    /// Fails what is queued for a partition that is gone, as its topic was created again with fewer
    /// partitions. The records cannot move: they may belong before others that are queued elsewhere
    /// by now. Batches in flight fail when their answers come. This needs a second answer of the
    /// cluster: some records may have been handed over after the question for the first one.
    fn drop_deleted(&mut self, now: Instant, place: Place) {
        if self.queues.partition(place).is_empty() || !self.cluster.is_deleted(place) {
            return;
        }
        let error = self.partition_deleted(place);
        self.drop_queued(now, place, |maybe_written| error.clone().maybe_written(maybe_written));
    }

    /// Applies a change of a partition's leader.
    fn follow(&mut self, now: Instant, place: Place, leader: Leader) {
        let Some(succession) = self.cluster.follow(place, leader) else { return };
        if succession.is_other {
            let topic = self.cluster.topic(place.topic).name();
            self.notices.debug(now, || match leader.node {
                Some(node) => {
                    format!("broker {node} leads {}", wording::place(topic, place.partition))
                }
                None => format!("nobody leads {}", wording::place(topic, place.partition)),
            });
        }
        let partition = self.queues.partition(place);
        let in_flight_to = partition.in_flight_to();
        if succession.is_newer {
            partition.end_pauses();
        }
        let is_other = |at: &mut i32| leader.node.is_some_and(|new| new != *at);
        if partition.marks.awaited.take_if(is_other).is_some() {
            // The record waits for the old leader's answers, which say nothing about the new
            // leader.
            self.hurry_or_remember(place);
        }
        if let (Some(old), Some(new)) = (in_flight_to, leader.node)
            && old != new
        {
            self.nodes.give_up_on(old);
        }
    }

    /// Follows the new leader, which a refusal may name (KIP-951).
    pub(super) fn follow_hint(
        &mut self,
        now: Instant,
        place: Place,
        answer: &PartitionProduced,
        response: &ProduceResponse,
    ) {
        let Some(hint) = &answer.current_leader else { return };
        let mut named = response.node_endpoints.iter().flatten();
        let is_known = self.nodes.is_known(hint.leader_id)
            || named.any(|endpoint| endpoint.node_id == hint.leader_id);
        let is_newer = hint.leader_epoch > self.cluster.leader(place).epoch;
        if is_known && is_newer {
            let node = Some(hint.leader_id);
            self.follow(now, place, Leader { node, epoch: hint.leader_epoch });
        }
    }
}

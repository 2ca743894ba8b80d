//! Batches on their way into requests: when a partition has something to send, to whom, and
//! what stands in its way.

use std::sync::Arc;
use std::time::Instant;

use super::{Machine, Outgoing, Part, wording};
use crate::cluster::NodeId;
use crate::error::ErrorCode;
use crate::producer::batch::Batch;
use crate::producer::nodes::Sent;
use crate::producer::sequence::Sequence;
use crate::producer::topic::{Partition, Place};
use crate::protocol::{MetadataTopic, PartitionProduced, ProduceResponse};
use crate::record::Identity;

impl<W> Machine<W> {
    pub(super) fn partition(&mut self, place: Place) -> &mut Partition<W> {
        self.topics.partition(place)
    }

    pub(super) fn for_each_place(&mut self, mut work: impl FnMut(&mut Self, Place)) {
        for topic in 0..self.topics.len() {
            for partition in 0..self.topics[topic].partitions.len() {
                work(self, Place { topic, partition });
            }
        }
    }

    /// Has every open batch leave as it is: no later record may join what a flush waits for.
    pub(super) fn close_batches(&mut self, now: Instant) {
        self.for_each_place(|machine, place| {
            if let Some(last) = machine.partition(place).queue.back_mut() {
                last.close();
                machine.touch(now, place);
            }
        });
    }

    /// Takes over what the cluster says of a topic. A topic in error keeps what is queued for it:
    /// a cluster may deny a topic for a moment.
    pub(super) fn describe(&mut self, now: Instant, index: usize, described: &MetadataTopic) {
        let question = self.questions.asked();
        let topic = &mut self.topics[index];
        if !described.error_code.is_success() {
            topic.refusal = Some(described.error_code);
            if described.error_code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION {
                // New records wait for the topic to come back, for as long as for any other that
                // does not exist.
                topic.count = 0;
            }
            if !described.error_code.retriable() && !topic.is_known() {
                let error = self.unknown_topic(index, self.metadata_limit());
                self.refuse_unassigned(index, &error);
            }
            return;
        }
        if described.partitions.is_empty() {
            // It is being created: there is nowhere to go yet.
            topic.refusal = Some(ErrorCode::LEADER_NOT_AVAILABLE);
            return;
        }
        topic.refusal = None;
        topic.described_by = question;
        let recreated = !topic.partitions.is_empty() && topic.id != described.topic_id;
        if !topic.resize(described.topic_id, described.partitions.len()) {
            self.questions.want();
        }
        let topic = &mut self.topics[index];
        while topic.partitions.len() < topic.extent {
            topic.partitions.push(Partition::new(Sequence::new(self.config.first_sequence)));
        }
        for partition in topic.extent..topic.partitions.len() {
            self.vanish(now, Place { topic: index, partition });
        }
        for news in &described.partitions {
            let Ok(partition) = usize::try_from(news.partition_index) else { continue };
            if partition >= self.topics[index].extent {
                continue;
            }
            let place = Place { topic: index, partition };
            if recreated {
                self.start_over(place);
            }
            let leader = Some(news.leader_id).filter(|leader| *leader >= 0);
            self.follow(now, place, leader, news.leader_epoch);
        }
        let topic = &mut self.topics[index];
        let partitions = (0..).zip(topic.usable());
        topic.led =
            partitions.filter(|(_, p)| p.leader.is_some()).map(|(index, _)| index).collect();
        topic.spread.changed();
        self.sort_out_unassigned(index);
        self.assign_unassigned(now, index);
        for partition in 0..self.topics[index].partitions.len() {
            self.touch(now, Place { topic: index, partition });
        }
    }

    /// Whether a partition belonged to a topic of the same name that was deleted.
    pub(super) fn has_vanished(&self, place: Place) -> bool {
        place.partition >= self.topics[place.topic].extent
    }

    /// A topic was created anew with fewer partitions, and this is none of them. What is queued
    /// for it fails: it may belong before records that other partitions have by now. What is in
    /// flight fails when its answer comes.
    fn vanish(&mut self, now: Instant, place: Place) {
        let partition = self.partition(place);
        partition.leader = None;
        partition.leader_epoch = -1;
        if partition.queue.is_empty() {
            return;
        }
        let error = self.vanished(place);
        self.drop_queued(now, place, |maybe_written| error.clone().maybe_written(maybe_written));
    }

    /// Takes over who leads a partition, unless the news is older than what is known: an answer
    /// may come from a broker that has not heard of the last election.
    fn follow(&mut self, now: Instant, place: Place, leader: Option<NodeId>, epoch: i32) {
        let partition = self.partition(place);
        if epoch >= 0 && epoch < partition.leader_epoch {
            return;
        }
        let newer = epoch > partition.leader_epoch;
        let sent_to = partition.sent_to.filter(|_| partition.in_flight > 0);
        let is_news = partition.leader != leader;
        partition.leader = leader;
        partition.leader_epoch = epoch;
        if is_news {
            let topic = &self.topics[place.topic].name;
            self.notices.debug(now, || match leader {
                Some(node) => {
                    format!("broker {node} leads {}", wording::place(topic, place.partition))
                }
                None => format!("nobody leads {}", wording::place(topic, place.partition)),
            });
        }
        let partition = self.partition(place);
        if newer {
            // The pause was for the old leader's sake.
            for batch in &mut partition.queue {
                batch.resume_at = None;
            }
        }
        let awaited = partition.awaited.take_if(|at| leader.is_some_and(|new| new != *at));
        if awaited.is_some() {
            // The old leader's next answer says nothing of the new one.
            self.hurry_or_remember(place);
        }
        if let (Some(old), Some(new)) = (sent_to, leader)
            && old != new
        {
            self.nodes.give_up_on(old);
        }
    }

    /// A refusal may name the new leader (KIP-951).
    pub(super) fn follow_hint(
        &mut self,
        now: Instant,
        place: Place,
        answer: &PartitionProduced,
        response: &ProduceResponse,
    ) {
        let Some(hint) = &answer.current_leader else { return };
        let mut named = response.node_endpoints.iter().flatten();
        let known = self.nodes.is_known(hint.leader_id)
            || named.any(|endpoint| endpoint.node_id == hint.leader_id);
        let newer = hint.leader_epoch > self.partition(place).leader_epoch;
        if known && newer {
            self.follow(now, place, Some(hint.leader_id), hint.leader_epoch);
        }
    }

    /// An awaited record leaves at once if its broker owes no answer, and with the next answer
    /// otherwise. Returns whether there is something to do about it.
    pub(super) fn hurry_or_remember(&mut self, place: Place) -> bool {
        let Some(leader) = self.partition(place).leader else { return false };
        if !self.nodes.is_busy(leader) {
            return self.hurry(place);
        }
        if self.partition(place).awaited.replace(leader) != Some(leader) {
            self.nodes.await_answers(leader, place);
        }
        false
    }

    /// A record leaves with those that are handed over with it. There is nothing to do about it
    /// before [`Self::ship`].
    pub(super) fn gather(&mut self, place: Place) -> bool {
        if !std::mem::replace(&mut self.partition(place).gathers, true) {
            self.nodes.gather(place);
        }
        false
    }

    fn hurry(&mut self, place: Place) -> bool {
        self.partition(place).queue.back_mut().is_some_and(Batch::hurry)
    }

    /// Whether the partition's next batch may leave now, as far as the partition is concerned.
    fn may_send(&mut self, now: Instant, place: Place) -> bool {
        let idempotent = self.config.idempotence;
        let partition = &self.topics[place.topic].partitions[place.partition];
        let Some((index, next)) = partition.next_to_send() else { return false };
        let numbered = next.sequence.is_some();
        // Nothing lingers while others wait for the room that it takes.
        let ready_at =
            if self.memory.is_short() { next.resume_at } else { partition.ready_at(index) };
        if ready_at.is_some_and(|at| at > now) {
            return false;
        }
        // A leader that has acknowledged nothing yet gets one batch, and only once nobody else
        // owes an answer: what an old leader has may still be stored before it.
        let limit = if idempotent && !partition.has_acked() { 1 } else { self.per_partition() };
        if partition.in_flight >= limit {
            return false;
        }
        if partition.crowds_out(index) {
            return false;
        }
        !idempotent || numbered || self.may_number(place)
    }

    fn per_partition(&self) -> usize {
        // Without numbers, only one in flight keeps the order.
        if self.config.idempotence {
            self.config.max_in_flight
        } else {
            self.config.in_flight_without_numbers()
        }
    }

    /// Looks at a partition after anything happened to it: has its leader connected if it has
    /// records, queues it there if they may leave, and sets its timer.
    pub(super) fn touch(&mut self, now: Instant, place: Place) {
        self.settle_numbering(place);
        let next = self.partition(place).next_event(now);
        if !self.partition(place).queue.is_empty() {
            let leader = self.partition(place).leader;
            match leader {
                None if self.has_vanished(place) => {}
                None => self.questions.want(),
                Some(leader) => {
                    self.nodes.want(leader);
                    let queued_at = self.partition(place).queued_at;
                    if queued_at != Some(leader) && self.may_send(now, place) {
                        self.partition(place).queued_at = Some(leader);
                        self.nodes.enqueue(place, leader, queued_at);
                    }
                }
            }
        }
        self.arm(place, next);
    }

    pub(super) fn arm(&mut self, place: Place, at: Option<Instant>) {
        let armed = &mut self.topics[place.topic].partitions[place.partition].timer;
        self.timers.arm(place, armed, at);
    }

    /// Takes the partitions for one request off a broker's queue, those of a topic together.
    pub(super) fn drain(&mut self, now: Instant, node: NodeId) -> Vec<Place> {
        let mut places = Vec::new();
        let mut size = 0;
        while let Some(place) = self.nodes.pop_ready(node) {
            self.partition(place).queued_at = None;
            if self.partition(place).leader != Some(node) || !self.may_send(now, place) {
                self.touch(now, place);
                continue;
            }
            size += self.partition(place).next_to_send().map_or(0, |(_, batch)| batch.size());
            if !places.is_empty() && size > self.config.max_request_size {
                self.partition(place).queued_at = Some(node);
                self.nodes.push_ready(node, place);
                break;
            }
            places.push(place);
        }
        places.sort_unstable();
        places
    }

    /// Makes a request of the next batch of each of these partitions.
    pub(super) fn request(&mut self, now: Instant, node: NodeId, places: &[Place]) -> Outgoing {
        let mut parts = Vec::with_capacity(places.len());
        let mut sent = Vec::with_capacity(places.len());
        for &place in places {
            let identity =
                if self.config.idempotence { self.number(place) } else { Identity::NONE };
            let topic = &mut self.topics[place.topic];
            let partition = &mut topic.partitions[place.partition];
            let Some((index, _)) = partition.next_to_send() else { continue };
            let batch = &mut partition.queue[index];
            let serial = batch.serial;
            partition.recent_size = batch.size().max(partition.recent_size / 2);
            partition.recent_waiters = batch.waiters().max(partition.recent_waiters / 2);
            let Some(content) = batch.send() else { continue };
            self.counts.taken(&content, batch.tries);
            partition.in_flight += 1;
            partition.sent_to = Some(node);
            sent.push(Sent { place, serial, topic_id: topic.id });
            parts.push(Part {
                topic: Arc::clone(&topic.name),
                topic_id: topic.id,
                partition: place.partition as i32,
                identity,
                content,
            });
        }
        let id = self.nodes.send(now, node, sent);
        for &place in places {
            self.touch(now, place);
        }
        Outgoing { id, node, parts }
    }

    /// One request less is under way: what somebody awaits need not linger any longer.
    pub(super) fn request_ended(&mut self, now: Instant, node: NodeId) {
        for place in self.nodes.owes_less(node) {
            if self.partition(place).awaited.take_if(|at| *at == node).is_some() {
                self.hurry(place);
                self.touch(now, place);
            }
        }
        self.admit(now);
        self.finish_flushes();
    }

    /// Pauses of whole brokers that are over: after failed connections, and for throttling.
    pub(super) fn wake_nodes(&mut self, now: Instant) {
        self.nodes.wake(now, |node| {
            let mut partitions = self.topics.iter().flat_map(|topic| &topic.partitions);
            partitions.any(|p| p.leader == Some(node) && !p.queue.is_empty())
        });
    }

    /// Answers that are long in coming: perhaps somebody else leads by now.
    pub(super) fn notice_overdue(&mut self, now: Instant) {
        if self.nodes.notice_overdue(now) {
            self.questions.want();
        }
    }
}

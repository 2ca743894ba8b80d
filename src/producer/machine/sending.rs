//! Puts batches into requests: decides when a partition has something to send, to which broker, and
//! when it must wait.

use std::sync::Arc;
use std::time::Instant;

use super::{Machine, Outgoing, Part};
use crate::cluster::{Leader, NodeId, Place};
use crate::producer::haste::Haste;
use crate::producer::nodes::InFlightBatch;
use crate::producer::partition::{InFlightLimit, SendReadiness};
use crate::record::Identity;

impl<W> Machine<W> {
    pub(super) fn update_partitions(&mut self, now: Instant, places: Vec<Place>) {
        for place in places {
            self.update_partition(now, place);
        }
    }

    /// Closes every open batch: no later record may join the records that a flush waits for.
    pub(super) fn close_batches(&mut self, now: Instant) {
        for place in self.queues.busy() {
            if self.queues.partition(place).close_last() {
                self.update_partition(now, place);
            }
        }
    }

    /// Sends a partition's last batch as its newest record requires. Returns whether the driver has
    /// something to do.
    pub(super) fn haste(&mut self, place: Place, haste: Haste) -> bool {
        match haste {
            Haste::Lingers => false,
            Haste::Together => self.group(place),
            Haste::AtOnce => self.hurry_or_remember(place),
        }
    }

    /// Sends an awaited record at once if no request to its broker is in flight, or else once none
    /// is. Returns whether the driver has something to do.
    pub(super) fn hurry_or_remember(&mut self, place: Place) -> bool {
        let Some(leader) = self.cluster.leader(place).node else { return false };
        let partition = self.queues.partition(place);
        if !self.nodes.is_busy(leader) {
            return partition.hurry();
        }
        if partition.marks.awaited.replace(leader) != Some(leader) {
            self.nodes.flush_when_idle(leader, place);
        }
        false
    }

    /// Marks a record to be sent with those that are handed over with it. The driver has nothing to
    /// do before [`Self::ship`].
    fn group(&mut self, place: Place) -> bool {
        let marks = &mut self.queues.partition(place).marks;
        if !std::mem::replace(&mut marks.grouped, true) {
            self.nodes.group(place);
        }
        false
    }

    fn may_send(&mut self, now: Instant, place: Place, leader: Leader) -> bool {
        let max = self.max_in_flight();
        let lingers = !self.memory.has_waiting_records();
        match self.queues.partition(place).readiness(now, leader, max, lingers) {
            SendReadiness::No => false,
            SendReadiness::Yes => true,
            SendReadiness::NeedsProducerId => self.producer_ids.want_for_new(),
        }
    }

    fn max_in_flight(&self) -> InFlightLimit {
        // Without sequence numbers, only one batch in flight keeps the order.
        let is_idempotent = self.config.idempotence;
        let batches = if is_idempotent {
            self.config.max_in_flight
        } else {
            self.config.in_flight_without_numbers()
        };
        InFlightLimit { is_idempotent, batches }
    }

    /// Updates a partition after any change to it, and sets its timer. If it has records, connects
    /// to its leader, and queues it there once they may be sent. Otherwise removes it from a queue.
    pub(super) fn update_partition(&mut self, now: Instant, place: Place) {
        let partition = self.queues.partition(place);
        if partition.has_spent_epoch() {
            let producer = self.producer_ids.replace(partition.producer());
            partition.reset_sequences(producer);
        }
        let next = partition.next_event(now);
        let is_armed = partition.marks.timer == next;
        if !partition.is_empty() {
            let queued_at = partition.marks.queued_at;
            let leader = self.cluster.leader(place);
            match leader.node {
                None if self.cluster.is_deleted(place) => {}
                None => self.cluster.want(),
                Some(node) => {
                    self.nodes.want(node);
                    if queued_at != Some(node) && self.may_send(now, place, leader) {
                        self.queues.partition(place).marks.queued_at = Some(node);
                        self.nodes.enqueue(place, node, queued_at);
                    }
                }
            }
        } else if let Some(node) = partition.marks.queued_at.take() {
            // Its broker may never connect again, and a topic in a queue is never forgotten.
            self.nodes.leave_queue(node, place);
        }
        if !is_armed {
            self.arm(place, next);
        }
    }

    pub(super) fn arm(&mut self, place: Place, at: Option<Instant>) {
        let armed = &mut self.queues.partition(place).marks.timer;
        self.timers.arm(place, armed, at);
    }

    /// Removes the partitions for one request from a broker's queue. Those of a topic are adjacent.
    pub(super) fn drain(&mut self, now: Instant, node: NodeId) -> Vec<Place> {
        let mut places = Vec::new();
        let mut size = 0;
        while let Some(place) = self.nodes.pop_ready(node) {
            self.queues.partition(place).marks.queued_at = None;
            let leader = self.cluster.leader(place);
            if leader.node != Some(node) || !self.may_send(now, place, leader) {
                self.update_partition(now, place);
                continue;
            }
            let partition = self.queues.partition(place);
            size += partition.next_size();
            if !places.is_empty() && size > self.config.max_request_size {
                partition.marks.queued_at = Some(node);
                self.nodes.push_ready(node, place);
                break;
            }
            places.push(place);
        }
        places.sort_unstable();
        places
    }

    /// Makes a request from the next batch of each of these partitions.
    pub(super) fn request(&mut self, now: Instant, node: NodeId, places: &[Place]) -> Outgoing {
        let mut parts = Vec::with_capacity(places.len());
        let mut sent = Vec::with_capacity(places.len());
        for &place in places {
            let partition = self.queues.partition(place);
            let identity = if self.config.idempotence {
                partition.assign_sequence(self.producer_ids.current())
            } else {
                Identity::NONE
            };
            let Some(batch) = partition.send(node) else { continue };
            self.counts.taken(&batch.content, batch.tries);
            let topic = self.cluster.topic(place.topic);
            sent.push(InFlightBatch { place, serial: batch.serial, topic_id: topic.id() });
            parts.push(Part {
                topic: Arc::clone(topic.name()),
                topic_id: topic.id(),
                partition: place.partition as i32,
                identity,
                content: batch.content,
            });
        }
        let id = self.nodes.send(now, node, sent);
        for &place in places {
            self.update_partition(now, place);
        }
        Outgoing { id, node, parts }
    }

    /// Handles the end of a request. Awaited records no longer linger once none is in flight.
    pub(super) fn request_ended(&mut self, now: Instant, node: NodeId) {
        for place in self.nodes.request_finished(node) {
            let Some(partition) = self.queues.get_partition(place) else { continue };
            if partition.marks.awaited.take_if(|at| *at == node).is_some() {
                partition.hurry();
                self.update_partition(now, place);
            }
        }
        self.admit(now);
        self.finish_flushes();
    }

    /// Ends pauses of brokers that are over: after failed connections, and for throttling.
    pub(super) fn wake_nodes(&mut self, now: Instant) {
        self.nodes.wake(now, |node| {
            let mut busy = self.queues.each_busy();
            busy.any(|(place, _)| self.cluster.leader(place).node == Some(node))
        });
    }

    /// Requests metadata if an answer is overdue: perhaps another broker leads by now.
    pub(super) fn notice_overdue(&mut self, now: Instant) {
        if self.nodes.notice_overdue(now) {
            self.cluster.want();
        }
    }
}

//! Records on their way into batches, and batches on their way into requests.

use std::sync::Arc;
use std::time::Instant;

use super::{Machine, Node};
use crate::producer::batch::{Batch, Ticket};
use crate::producer::partitioner::partition_of;
use crate::producer::topic::{NodeId, Partition, Place, Topic, Unassigned};
use crate::protocol::MetadataTopic;
use crate::record::Record;

impl<W> Machine<W> {
    pub(super) fn ticket(&mut self) -> Ticket {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.live.insert(ticket);
        ticket
    }

    pub(super) fn topic(&mut self, name: &str) -> usize {
        if let Some(&index) = self.by_name.get(name) {
            return index;
        }
        let name: Arc<str> = name.into();
        let index = self.topics.len();
        self.topics.push(Topic::new(Arc::clone(&name)));
        self.by_name.insert(name, index);
        index
    }

    pub(super) fn partition(&mut self, place: Place) -> &mut Partition<W> {
        &mut self.topics[place.topic].partitions[place.partition]
    }

    pub(super) fn node(&mut self, node: NodeId) -> &mut Node {
        self.nodes.entry(node).or_default()
    }

    /// Takes over what the cluster says of a topic. A topic in error keeps what is known of it.
    pub(super) fn describe(&mut self, now: Instant, index: usize, described: &MetadataTopic) {
        let topic = &mut self.topics[index];
        if !described.error_code.is_success() {
            topic.refusal = Some(described.error_code);
            if !described.error_code.retriable() && !topic.is_known() {
                while let Some(record) = self.topics[index].unassigned.pop_front() {
                    let error = self.unknown_topic(index);
                    self.settle_unassigned(index, record, error);
                }
            }
            return;
        }
        topic.refusal = None;
        let recreated = topic.id != described.topic_id;
        topic.id = described.topic_id;
        let count = described.partitions.len();
        while topic.partitions.len() < count {
            topic.partitions.push(Partition::new());
        }
        for news in &described.partitions {
            let known = usize::try_from(news.partition_index);
            let Some(partition) = known.ok().and_then(|known| topic.partitions.get_mut(known))
            else {
                continue;
            };
            // An answer may come from a broker that has not heard of the last election.
            if news.leader_epoch >= 0 && news.leader_epoch < partition.leader_epoch && !recreated {
                continue;
            }
            partition.leader_epoch = news.leader_epoch;
            partition.leader = Some(news.leader_id).filter(|leader| *leader >= 0);
        }
        let partitions = (0..).zip(&topic.partitions);
        topic.led =
            partitions.filter(|(_, p)| p.leader.is_some()).map(|(index, _)| index).collect();
        topic.sticky.forget();
        for record in std::mem::take(&mut topic.unassigned) {
            self.assign_waiting(now, index, record);
        }
        for partition in 0..self.topics[index].partitions.len() {
            self.touch(now, Place { topic: index, partition });
        }
    }

    fn assign_waiting(&mut self, now: Instant, topic: usize, mut waiting: Unassigned<W>) {
        let waiter = waiting.waiter.take();
        // A flush that was called meanwhile waits for it, and not for its lingering.
        let flushed = self.flushing.back().is_some_and(|(before, _)| waiting.ticket < *before);
        waiting.with_record(|record| {
            let target = Target {
                topic,
                partition: waiting.partition,
                ticket: Some(waiting.ticket),
                urgent: waiting.urgent || flushed,
                deadline: waiting.deadline,
            };
            self.assign(now, target, record, waiter)
        });
    }

    /// Puts a record into its partition's open batch. Returns whether there is work.
    pub(super) fn assign(
        &mut self,
        now: Instant,
        target: Target,
        record: &Record<'_>,
        waiter: Option<W>,
    ) -> bool {
        let Target { topic: index, partition, ticket, urgent, deadline } = target;
        let topic = &mut self.topics[index];
        let count = topic.partitions.len() as i32;
        let sticky = partition.is_none() && record.key.is_none();
        let partition = match (partition, record.key) {
            (Some(partition), _) => {
                if !(0..count).contains(&partition) {
                    if let Some(ticket) = ticket {
                        self.live.remove(&ticket);
                    }
                    let error = self.unknown_partition(index, partition);
                    self.refuse(index, Some(partition), record.timestamp, waiter, error);
                    return true;
                }
                partition
            }
            (None, Some(key)) => partition_of(key, count),
            (None, None) => topic.sticky.choose(&mut self.random, count, &topic.led),
        };
        let place = Place { topic: index, partition: partition as usize };
        let batch_size = self.config.batch_size;

        let last = self.partition(place).queue.back();
        let opens = last.is_none_or(|last| !last.takes(record, batch_size));
        if opens {
            let ticket = ticket.unwrap_or_else(|| self.ticket());
            let lingers_until = now + self.config.linger;
            let capacity = batch_size.max(record.size_bound());
            let batch = Batch::open(ticket, capacity, deadline, lingers_until);
            self.partition(place).queue.push_back(batch);
        } else if let Some(ticket) = ticket {
            // The batch it joins has an older one.
            self.live.remove(&ticket);
        }
        let Some(batch) = self.partition(place).queue.back_mut() else { return false };
        let (size, full) = batch.append(record, waiter, batch_size);
        if sticky {
            self.topics[index].sticky.appended(size, batch_size, full);
        }
        let hurried = urgent && self.hurry_or_remember(place);
        let work = opens || full || hurried;
        if work {
            self.touch(now, place);
        }
        work
    }

    /// A record somebody awaits leaves at once if its broker has nothing else to do, and with
    /// the next answer otherwise. Returns whether it leaves at once.
    fn hurry_or_remember(&mut self, place: Place) -> bool {
        let Some(leader) = self.partition(place).leader else { return false };
        if self.node(leader).in_flight == 0 {
            self.hurry(place);
            return true;
        }
        if !std::mem::replace(&mut self.partition(place).awaited, true) {
            self.node(leader).awaited.push(place);
        }
        false
    }

    fn hurry(&mut self, place: Place) {
        if let Some(last) = self.partition(place).queue.back_mut() {
            last.hurry();
        }
    }

    /// Looks at a partition after anything happened to it: has its leader connected if it has
    /// records, queues it there if they may leave, and sets its timer.
    pub(super) fn touch(&mut self, now: Instant, place: Place) {
        let partition = &mut self.topics[place.topic].partitions[place.partition];
        let next = partition.next_event(now);
        if !partition.queue.is_empty() {
            match partition.leader {
                None => self.refresh.want(),
                Some(leader) => {
                    let node = self.nodes.entry(leader).or_default();
                    if !node.connected && !node.connecting && node.retry_at.is_none() {
                        node.connecting = true;
                        self.connects.push_back(leader);
                    }
                    if !partition.queued && partition.is_ready(now) {
                        partition.queued = true;
                        node.ready.push_back(place);
                    }
                }
            }
        }
        self.arm(place, next);
    }

    pub(super) fn arm(&mut self, place: Place, at: Option<Instant>) {
        let armed = std::mem::replace(&mut self.partition(place).timer, at);
        if armed == at {
            return;
        }
        if let Some(armed) = armed {
            self.timers.remove(&(armed, place));
        }
        if let Some(at) = at {
            self.timers.insert((at, place));
        }
    }

    /// Takes the partitions for one request off a broker's queue, those of a topic together.
    pub(super) fn drain(&mut self, now: Instant, node: NodeId) -> Vec<Place> {
        let mut places = Vec::new();
        let mut size = 0;
        while let Some(place) = self.node(node).ready.pop_front() {
            let partition = self.partition(place);
            partition.queued = false;
            if partition.leader != Some(node) || !partition.is_ready(now) {
                self.touch(now, place);
                continue;
            }
            size += partition.queue.front().map_or(0, Batch::size);
            if !places.is_empty() && size > self.config.max_request_size {
                self.partition(place).queued = true;
                self.node(node).ready.push_front(place);
                break;
            }
            places.push(place);
        }
        places.sort_unstable();
        places
    }

    /// One request less is under way: what somebody awaits need not linger any longer.
    pub(super) fn request_ended(&mut self, now: Instant, node: NodeId) {
        let state = self.node(node);
        state.in_flight -= 1;
        if state.in_flight == 0 {
            for place in std::mem::take(&mut state.awaited) {
                self.partition(place).awaited = false;
                self.hurry(place);
                self.touch(now, place);
            }
        }
        self.finish_flushes();
    }
}

/// Where a record is to go, how soon, and until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) topic: usize,
    pub(super) partition: Option<i32>,
    /// What it was given while its topic was unknown.
    pub(super) ticket: Option<Ticket>,
    pub(super) urgent: bool,
    pub(super) deadline: Instant,
}

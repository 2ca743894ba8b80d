//! A simulated Kafka cluster without threads or I/O: the driver delivers requests, advances the
//! clock and takes the answers. Brokers replicate, crash, return with stale metadata and truncate,
//! as in Kafka. All randomness comes from one generator, so a seed reproduces the whole run.
//!
//! The cluster has no network: the driver loses, delays and duplicates requests and answers.

mod answers;
mod controller;
mod faults;
mod image;
mod metadata_updates;
mod node;
mod produce;
mod purgatory;
mod replica;
mod replication;
mod settings;
mod stored;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use dekaf::broker::log::StoredBatch;
use dekaf::protocol::{
    InitProducerIdRequest, InitProducerIdResponse, MetadataRequest, MetadataResponse,
    ProduceRequest, ProduceResponse,
};
use dekaf::random::Random;

use image::Image;
use node::Node;
use replica::Replica;

pub(crate) use produce::Blame;
pub(crate) use settings::{Chances, PerMille, Settings, Spread, TopicSettings};
pub(crate) use stored::StoredLog;

/// A broker id, counted from 0 without gaps.
pub(crate) type NodeId = i32;

/// A topic id. It is never reused, even if a topic of the same name is created again.
pub(crate) type TopicId = u128;

/// A partition of one incarnation of a topic.
type Partition = (TopicId, i32);

/// Identifies the request that an answer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RequestHandle(u64);

/// A broker's answer, and the time at which it was ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) handle: RequestHandle,
    pub(crate) at: Duration,
    pub(crate) answer: Answer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Produce(ProduceResponse),
    /// `acks=0` and success: nothing is sent.
    Silence,
    /// `acks=0` and an error: the broker closes the connection.
    Close,
    Metadata(MetadataResponse),
    InitProducerId(InitProducerIdResponse),
}

#[derive(Debug, Clone)]
enum Request {
    Produce(ProduceRequest),
    Metadata(MetadataRequest),
    InitProducerId(InitProducerIdRequest),
}

/// A scheduled event.
#[derive(Debug)]
enum Due {
    /// A broker receives a metadata image from the controller.
    View { node: NodeId, image: Rc<Image> },
    /// The controller fences a broker that was silent for too long; void if a newer session began.
    Fence { node: NodeId, session: u64 },
    /// The controller admits a broker that is back; void if a newer session began.
    Unfence { node: NodeId, session: u64 },
    /// A follower's fetch is answered: it copies its leader's log.
    Fetch { partition: Partition, follower: NodeId },
    /// A follower's next fetch arrives, and reports its end offset to the leader.
    Fetched { partition: Partition, follower: NodeId, leader: NodeId, epoch: i32, end: i64 },
    /// A leader checks which followers lag behind.
    LagCheck { partition: Partition, leader: NodeId, epoch: i32 },
    /// A topic is created, unless it exists.
    Create { name: String, settings: TopicSettings },
    /// A produce request has reached its timeout while it waits for replicas.
    Expire { node: NodeId, handle: RequestHandle },
}

#[derive(Debug)]
pub(crate) struct Cluster {
    settings: Settings,
    random: Random,
    now: Duration,
    /// Ordered by time, then by the order of planning.
    due: BTreeMap<(Duration, u64), Due>,
    planned: u64,
    nodes: Vec<Node>,
    /// The controller's current metadata; brokers have this version or an earlier one.
    image: Rc<Image>,
    /// Topics that brokers report as unknown for a while, with the end of that time.
    hidden: BTreeMap<String, Duration>,
    answers: Vec<Answered>,
    requests: u64,
    producer_ids: i64,
    /// Data of every partition that ever existed.
    history: BTreeMap<Partition, History>,
    /// Every record that caused the rejection of a batch.
    blames: Vec<Blame>,
}

/// Data of a partition that outlives its replicas.
#[derive(Debug, Default)]
struct History {
    topic: String,
    /// Committed batches that `DeleteRecords` removed.
    deleted: Vec<StoredBatch>,
    /// The replica with the highest high watermark when the topic was deleted.
    last: Option<Replica>,
}

impl Cluster {
    pub(crate) fn new(settings: Settings, random: Random) -> Self {
        let image = Rc::new(Image::of(0..settings.brokers));
        let nodes = (0..settings.brokers).map(|_| Node::new(Rc::clone(&image))).collect();
        Self {
            settings,
            random,
            now: Duration::ZERO,
            due: BTreeMap::new(),
            planned: 0,
            nodes,
            image,
            hidden: BTreeMap::new(),
            answers: Vec::new(),
            requests: 0,
            producer_ids: 1000,
            history: BTreeMap::new(),
            blames: Vec::new(),
        }
    }

    /// Delivers a request. A broker serves one request of a connection at a time, so the next one
    /// of that connection must arrive after this answer.
    pub(crate) fn produce(
        &mut self,
        now: Duration,
        node: NodeId,
        request: ProduceRequest,
    ) -> RequestHandle {
        self.arrive(now, node, Request::Produce(request))
    }

    pub(crate) fn metadata(
        &mut self,
        now: Duration,
        node: NodeId,
        request: MetadataRequest,
    ) -> RequestHandle {
        self.arrive(now, node, Request::Metadata(request))
    }

    pub(crate) fn init_producer_id(
        &mut self,
        now: Duration,
        node: NodeId,
        request: InitProducerIdRequest,
    ) -> RequestHandle {
        self.arrive(now, node, Request::InitProducerId(request))
    }

    fn arrive(&mut self, now: Duration, node: NodeId, request: Request) -> RequestHandle {
        self.advance(now);
        self.requests += 1;
        let handle = RequestHandle(self.requests);
        let broker = self.node_mut(node);
        if broker.is_serving() {
            self.serve(node, handle, request);
        } else if broker.is_paused() {
            broker.backlog.push((handle, request));
        }
        // A broker that is down never answers; the driver closes its connections.
        handle
    }

    fn serve(&mut self, node: NodeId, handle: RequestHandle, request: Request) {
        match request {
            Request::Produce(request) => self.serve_produce(node, handle, &request),
            Request::Metadata(request) => {
                let response = self.serve_metadata(node, &request);
                self.answer(handle, Answer::Metadata(response));
            }
            Request::InitProducerId(request) => {
                let response = self.serve_init_producer_id(&request);
                self.answer(handle, Answer::InitProducerId(response));
            }
        }
    }

    pub(crate) fn blames(&self) -> &[Blame] {
        &self.blames
    }

    /// Returns whether a broker accepts connections. A paused one does, because its kernel accepts
    /// them.
    pub(crate) fn connect(&self, node: NodeId) -> bool {
        let node = self.node(node);
        node.is_serving() || node.is_paused()
    }

    /// Advances the clock, and returns the answers that are ready.
    pub(crate) fn poll(&mut self, now: Duration) -> Vec<Answered> {
        self.advance(now);
        std::mem::take(&mut self.answers)
    }

    /// Returns the time of the next event or ready answer, without further requests.
    pub(crate) fn next_event(&self) -> Option<Duration> {
        let planned = self.due.first_key_value().map(|((at, _), _)| *at);
        self.answers.first().map(|answered| answered.at).or(planned)
    }

    fn answer(&mut self, handle: RequestHandle, answer: Answer) {
        self.answers.push(Answered { handle, at: self.now, answer });
    }

    fn plan(&mut self, at: Duration, due: Due) {
        self.planned += 1;
        self.due.insert((at.max(self.now), self.planned), due);
    }

    fn plan_after(&mut self, delay: Spread, due: Due) {
        let at = self.now + delay.sample(&mut self.random);
        self.plan(at, due);
    }

    /// Processes all events that are due at `now`, each at its own time.
    fn advance(&mut self, now: Duration) {
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((at, _), due) = entry.remove_entry();
            self.now = at;
            self.happen(due);
        }
        self.now = self.now.max(now);
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::View { node, image } => self.learn(node, &image),
            Due::Fence { node, session } => self.fence_if_silent(node, session),
            Due::Unfence { node, session } => self.unfence(node, session),
            Due::Fetch { partition, follower } => self.fetch(partition, follower),
            Due::Fetched { partition, follower, leader, epoch, end } => {
                self.fetched(partition, follower, leader, epoch, end);
            }
            Due::LagCheck { partition, leader, epoch } => self.check_lag(partition, leader, epoch),
            Due::Create { name, settings } => self.create_unless_there(&name, settings),
            Due::Expire { node, handle } => self.expire(node, handle),
        }
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id as usize]
    }

    fn replica(&self, node: NodeId, partition: Partition) -> Option<&Replica> {
        self.node(node).replicas.get(&partition)
    }

    fn replica_mut(&mut self, node: NodeId, partition: Partition) -> Option<&mut Replica> {
        self.node_mut(node).replicas.get_mut(&partition)
    }

    fn happens(&mut self, chance: PerMille) -> bool {
        chance.happens(&mut self.random)
    }

    /// Returns the brokers' clock, in milliseconds since 1970.
    fn clock(&self) -> i64 {
        self.settings.epoch_ms + self.now.as_millis() as i64
    }
}

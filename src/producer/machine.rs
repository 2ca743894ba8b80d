//! The machine itself: what it is told, and what it wants done.
//!
//! Methods are of four kinds. Callers' (`produce`, `start`, `flush`, `close`) take
//! work in. `handle_*` take in what happened outside. `poll_*` give out what is to be done and
//! change nothing but their own queues: call them until they return nothing. The rest looks.

mod fates;
mod queues;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use self::queues::Target;
use super::backoff::Backoff;
use super::batch::{Progress, Ticket};
use super::metadata::Refresh;
use super::random::Random;
use super::request::PartitionBatch;
use super::settled::{Settled, Stored};
use super::topic::{NodeId, Place, Topic, Unassigned};
use crate::config::Config;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::protocol::{MetadataResponse, ProduceResponse};
use crate::record::{Identity, Record};

/// A produce request that is under way.
pub type RequestId = u64;

/// Bytes of the longest name that Kafka gives a topic.
const LONGEST_TOPIC: usize = 249;
/// Requests that a broker may have unanswered at a time.
const MAX_IN_FLIGHT: usize = 5;

/// A request to send to a broker.
#[derive(Debug)]
pub struct Outgoing {
    /// To be named when its fate is known.
    pub id: RequestId,
    /// The broker.
    pub node: NodeId,
    /// One batch per partition; those of a topic stand together.
    pub batches: Vec<PartitionBatch>,
}

/// Topics to ask the cluster about; with none of them, brokers alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataWanted {
    /// The topics' names.
    pub topics: Vec<Arc<str>>,
}

#[derive(Debug, Default)]
struct Node {
    connected: bool,
    connecting: bool,
    /// Connections in a row that failed, why the last one did, and when to try again.
    failures: u32,
    last_failure: Option<Error>,
    retry_at: Option<Instant>,
    in_flight: usize,
    /// Partitions with a batch that may leave.
    ready: VecDeque<Place>,
    /// Partitions with a record somebody awaits, to be sent once nothing is in flight.
    awaited: Vec<Place>,
}

#[derive(Debug)]
struct Request {
    node: NodeId,
    places: Vec<Place>,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Machine<W> {
    config: Config,
    random: Random,
    backoff: Backoff,
    topics: Vec<Topic<W>>,
    by_name: HashMap<Arc<str>, usize>,
    nodes: BTreeMap<NodeId, Node>,
    refresh: Refresh,
    /// Partitions by the time when something happens to them, each at most once.
    timers: BTreeSet<(Instant, Place)>,
    requests: HashMap<RequestId, Request>,
    next_request: RequestId,
    next_ticket: Ticket,
    /// Tickets of batches and unassigned records that are not settled.
    live: BTreeSet<Ticket>,
    starting: VecDeque<(Instant, W)>,
    flushing: VecDeque<(Ticket, W)>,
    settled: VecDeque<Settled<W>>,
    connects: VecDeque<NodeId>,
    /// Once closed: until when what was taken in may go on, and who waits for that.
    closing_by: Option<Instant>,
    closing: Vec<W>,
    abandoned: usize,
    finished: bool,
}

impl<W> Machine<W> {
    /// A machine that knows nothing of its cluster yet. The same seed and the same calls give
    /// the same results.
    pub fn new(config: Config, seed: u64) -> Self {
        let backoff = Backoff { initial: config.retry_backoff, max: config.retry_backoff_max };
        Self {
            refresh: Refresh::new(config.metadata_max_age, backoff),
            random: Random::new(seed),
            backoff,
            config,
            topics: Vec::new(),
            by_name: HashMap::new(),
            nodes: BTreeMap::new(),
            timers: BTreeSet::new(),
            requests: HashMap::new(),
            next_request: 0,
            next_ticket: 0,
            live: BTreeSet::new(),
            starting: VecDeque::new(),
            flushing: VecDeque::new(),
            settled: VecDeque::new(),
            connects: VecDeque::new(),
            closing_by: None,
            closing: Vec::new(),
            abandoned: 0,
            finished: false,
        }
    }

    // -- callers --------------------------------------------------------------------------

    /// Takes a record in. `urgent` says that somebody waits for this very record. Returns
    /// whether there is something to do before the next [`Self::poll_timeout`].
    ///
    /// # Errors
    /// After [`Self::close`]; everything else that goes wrong is settled, not returned.
    pub fn produce(
        &mut self,
        now: Instant,
        topic: &str,
        partition: Option<i32>,
        record: &Record<'_>,
        waiter: Option<W>,
        urgent: bool,
    ) -> Result<bool> {
        if self.closing_by.is_some() {
            return Err(Error::new(
                ErrorKind::Closed,
                "the producer is closed; create another one",
            ));
        }
        if topic.len() > LONGEST_TOPIC {
            // Not even to be asked about: it would spoil the question for all others.
            let error = fates::invalid_topic(topic).code(ErrorCode::INVALID_TOPIC);
            self.refuse_named(topic.into(), partition, record.timestamp, waiter, error);
            return Ok(true);
        }
        let topic = self.topic(topic);
        if record.size_bound() > self.config.max_request_size {
            let error = self.too_large(record.size_bound());
            self.refuse(topic, partition, record.timestamp, waiter, error);
            return Ok(true);
        }
        let deadline = now + self.config.delivery_timeout;
        if self.topics[topic].is_known() {
            let target = Target { topic, partition, ticket: None, urgent, deadline };
            return Ok(self.assign(now, target, record, waiter));
        }
        let ticket = self.ticket();
        self.topics[topic].unassigned.push_back(Unassigned {
            ticket,
            timestamp: record.timestamp,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record
                .headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.map(<[u8]>::to_vec)))
                .collect(),
            partition,
            waiter,
            urgent,
            known_by: now + self.config.metadata_timeout,
            deadline,
        });
        self.refresh.want_news();
        Ok(self.topics[topic].unassigned.len() == 1)
    }

    /// Settles `waiter` once the cluster has answered for the first time.
    pub fn start(&mut self, now: Instant, waiter: W) {
        self.starting.push_back((now + self.config.metadata_timeout, waiter));
        self.refresh.want_news();
    }

    /// Settles `waiter` once everything handed over before this call is settled.
    pub fn flush(&mut self, now: Instant, waiter: W) {
        let before = self.next_ticket;
        for topic in 0..self.topics.len() {
            for partition in 0..self.topics[topic].partitions.len() {
                let place = Place { topic, partition };
                if let Some(last) = self.partition(place).queue.back_mut() {
                    // No later record may join what this flush waits for.
                    last.hurry();
                    self.touch(now, place);
                }
            }
        }
        self.flushing.push_back((before, waiter));
        self.finish_flushes();
    }

    /// Takes no more records. What was taken in goes on until `by`; then it is given up.
    /// `waiter` is settled when the machine [is finished](Self::is_finished).
    pub fn close(&mut self, by: Instant, waiter: Option<W>) {
        self.closing_by = Some(self.closing_by.map_or(by, |earlier| earlier.min(by)));
        self.closing.extend(waiter);
    }

    /// Gives up on everything that is not settled.
    pub fn abandon(&mut self) {
        for index in 0..self.topics.len() {
            while let Some(record) = self.topics[index].unassigned.pop_front() {
                self.abandoned += 1;
                let error = closed_before("the topic was known");
                self.settle_unassigned(index, record, error);
            }
            for partition in 0..self.topics[index].partitions.len() {
                let place = Place { topic: index, partition };
                while let Some(batch) = self.partition(place).queue.pop_front() {
                    self.abandoned += batch.count() as usize;
                    let maybe = batch.is_in_flight() || batch.maybe_written;
                    let error = closed_before("the record was acknowledged").maybe_written(maybe);
                    self.settle(place, batch, Err(error));
                }
                self.arm(place, None);
            }
        }
        while let Some((_, waiter)) = self.starting.pop_front() {
            let result = Err(closed_before("it had started"));
            self.settled.push_back(Settled::Call { waiter, result });
        }
        self.finish_flushes();
    }

    /// How many records were given up because the producer was closed.
    pub fn abandoned(&self) -> usize {
        self.abandoned
    }

    /// Whether it was closed and there is nothing left to do.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Whether every record and every call has been settled.
    pub fn is_idle(&self) -> bool {
        self.live.is_empty() && self.starting.is_empty() && self.flushing.is_empty()
    }

    // -- what happened outside ------------------------------------------------------------

    /// The cluster described itself. `asked` is what [`Self::poll_metadata`] wanted.
    pub fn handle_metadata(
        &mut self,
        now: Instant,
        asked: &MetadataWanted,
        response: &MetadataResponse,
    ) {
        for described in &response.topics {
            let index = described.name.as_deref().and_then(|name| self.by_name.get(name));
            let Some(&index) = index else { continue };
            self.describe(now, index, described);
        }
        // A partition without a leader, or a topic that is being created, will change soon.
        let complete = asked.topics.iter().all(|name| {
            self.by_name.get(name).is_none_or(|&index| {
                let topic = &self.topics[index];
                topic.is_known() && topic.partitions.iter().all(|p| p.leader.is_some())
                    || !topic.is_known() && topic.unassigned.is_empty()
            })
        });
        self.refresh.succeeded(now, complete, &mut self.random);
        while let Some((_, waiter)) = self.starting.pop_front() {
            self.settled.push_back(Settled::Call { waiter, result: Ok(()) });
        }
    }

    /// No broker could be asked.
    pub fn handle_metadata_failed(&mut self, now: Instant, error: Error) {
        let needed = !self.is_idle();
        self.refresh.failed(now, error, needed, &mut self.random);
    }

    /// A broker is ready for requests.
    pub fn handle_connected(&mut self, node: NodeId) {
        let node = self.node(node);
        node.connected = true;
        node.connecting = false;
        node.failures = 0;
        node.last_failure = None;
    }

    /// A broker could not be connected.
    pub fn handle_connect_failed(&mut self, now: Instant, node: NodeId, error: Error) {
        // It may have moved, or somebody else may lead its partitions by now.
        self.refresh.want();
        let state = self.nodes.entry(node).or_default();
        state.connecting = false;
        state.failures = state.failures.saturating_add(1);
        state.last_failure = Some(error);
        state.retry_at = Some(now + self.backoff.after(state.failures, &mut self.random));
    }

    /// A broker's connection ended. The fate of the requests that were under way is told by
    /// [`Self::handle_lost`].
    pub fn handle_disconnected(&mut self, now: Instant, node: NodeId) {
        self.refresh.want();
        let state = self.node(node);
        state.connected = false;
        for place in std::mem::take(&mut state.ready) {
            self.partition(place).queued = false;
            self.touch(now, place);
        }
    }

    /// A broker answered a request.
    pub fn handle_produced(&mut self, now: Instant, id: RequestId, response: &ProduceResponse) {
        let Some(request) = self.requests.remove(&id) else { return };
        for place in request.places.iter().copied() {
            let topic = &self.topics[place.topic];
            let answer = response
                .responses
                .iter()
                .filter(|answer| *answer.name == *topic.name)
                .flat_map(|answer| &answer.partition_responses)
                .find(|answer| answer.index == place.partition as i32);
            match answer {
                Some(answer) if answer.error_code.is_success() => {
                    let stored = Stored {
                        base_offset: answer.base_offset,
                        log_append_time: Some(answer.log_append_time_ms).filter(|at| *at >= 0),
                    };
                    self.landed(place, stored);
                }
                Some(answer) => {
                    let said = answer.error_message.as_deref();
                    self.came_back(now, place, answer.error_code, said);
                }
                None => {
                    let said = Some("the broker's answer leaves this partition out");
                    self.came_back(now, place, ErrorCode::NETWORK_EXCEPTION, said);
                }
            }
            self.touch(now, place);
        }
        self.request_ended(now, request.node);
    }

    /// A request's connection ended before its answer came.
    pub fn handle_lost(&mut self, now: Instant, id: RequestId, reason: &Error) {
        let Some(request) = self.requests.remove(&id) else { return };
        let said = reason.to_string();
        for place in request.places {
            self.came_back(now, place, ErrorCode::NETWORK_EXCEPTION, Some(&said));
            self.touch(now, place);
        }
        self.request_ended(now, request.node);
    }

    /// Time has passed: lingering ends, pauses end, deadlines pass.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(&(at, place)) = self.timers.first() {
            if at > now {
                break;
            }
            self.expire(now, place);
            self.touch(now, place);
        }
        for index in 0..self.topics.len() {
            while let Some(first) = self.topics[index].unassigned.front() {
                if first.known_by > now {
                    break;
                }
                let Some(record) = self.topics[index].unassigned.pop_front() else { break };
                let error = self.unknown_topic(index);
                self.settle_unassigned(index, record, error);
            }
        }
        for (id, node) in &mut self.nodes {
            if node.retry_at.is_some_and(|at| at <= now) {
                node.retry_at = None;
                if !node.ready.is_empty() {
                    node.connecting = true;
                    self.connects.push_back(*id);
                }
            }
        }
        while let Some((by, _)) = self.starting.front() {
            if *by > now {
                break;
            }
            let result = Err(self.unreachable());
            if let Some((_, waiter)) = self.starting.pop_front() {
                self.settled.push_back(Settled::Call { waiter, result });
            }
        }
        self.finish_flushes();
        self.finish_closing(now);
    }

    fn finish_closing(&mut self, now: Instant) {
        let Some(by) = self.closing_by.filter(|_| !self.finished) else { return };
        if by <= now {
            self.abandon();
        }
        if self.is_idle() {
            self.finished = true;
            for waiter in self.closing.drain(..) {
                self.settled.push_back(Settled::Call { waiter, result: Ok(()) });
            }
        }
    }

    // -- what is to be done ---------------------------------------------------------------

    /// When [`Self::handle_timeout`] is to be called, if nothing else happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let unassigned = self.topics.iter().filter_map(|t| t.unassigned.front());
        let timers = self.timers.first().map(|(at, _)| *at);
        let starting = self.starting.front().map(|(by, _)| *by);
        timers
            .into_iter()
            .chain(starting)
            .chain(self.closing_by.filter(|_| !self.finished))
            .chain(self.refresh.next_event())
            .chain(self.nodes.values().filter_map(|node| node.retry_at))
            .chain(unassigned.map(|record| record.known_by))
            .min()
    }

    /// What the cluster is to be asked, until it answers or cannot be reached.
    pub fn poll_metadata(&mut self, now: Instant) -> Option<MetadataWanted> {
        self.refresh.poll(now).then(|| MetadataWanted {
            topics: self.topics.iter().map(|topic| Arc::clone(&topic.name)).collect(),
        })
    }

    /// A broker to connect to, because there is something for it.
    pub fn poll_connect(&mut self) -> Option<NodeId> {
        self.connects.pop_front()
    }

    /// A request to send, to a broker that is connected.
    pub fn poll_request(&mut self, now: Instant) -> Option<Outgoing> {
        let (&node, _) = self.nodes.iter().find(|(_, node)| {
            node.connected && node.in_flight < MAX_IN_FLIGHT && !node.ready.is_empty()
        })?;
        let places = self.drain(now, node);
        if places.is_empty() {
            return self.poll_request(now);
        }
        let mut batches = Vec::with_capacity(places.len());
        for place in &places {
            let topic = &mut self.topics[place.topic];
            let Some(batch) = topic.partitions[place.partition].queue.front_mut() else { continue };
            batch.progress = Progress::InFlight;
            batches.push(PartitionBatch {
                topic: Arc::clone(&topic.name),
                topic_id: topic.id,
                partition: place.partition as i32,
                identity: Identity::NONE,
                batch: batch.seal(),
            });
        }
        for place in &places {
            self.touch(now, *place);
        }
        let id = self.next_request;
        self.next_request += 1;
        self.node(node).in_flight += 1;
        self.requests.insert(id, Request { node, places });
        Some(Outgoing { id, node, batches })
    }

    /// Something that ended.
    pub fn poll_settled(&mut self) -> Option<Settled<W>> {
        self.settled.pop_front()
    }
}

fn closed_before(what: &str) -> Error {
    Error::new(ErrorKind::Closed, format!("the producer was closed before {what}"))
}

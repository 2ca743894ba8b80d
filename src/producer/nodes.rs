//! Brokers: their connections, what is to be sent to them, and the requests that they have not
//! answered.

mod node_counts;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::metrics::{BrokerMetrics, RequestMetrics};
use super::request::RequestId;
use crate::cluster::{NodeId, Place};
use crate::error::{Error, ErrorCode};
use node_counts::NodeCounts;

/// An answer that takes longer makes the machine look whether another broker leads by now. Long
/// beside any healthy answer, short beside the time in which clusters elect.
const OVERDUE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Node {
    id: NodeId,
    connected: bool,
    connecting: bool,
    /// Connections in a row that failed, why the last one did, and when to try again.
    failures: u32,
    last_failure: Option<Error>,
    retry_at: Option<Instant>,
    /// The broker asked for silence until then.
    throttled_until: Option<Instant>,
    in_flight: usize,
    /// Partitions with a batch that may leave.
    ready: VecDeque<Place>,
    /// Partitions with an awaited record, to be sent once nothing is in flight.
    awaited: Vec<Place>,
    counts: NodeCounts,
}

/// A batch in a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) place: Place,
    pub(super) serial: u64,
    /// The topic's id then: it may be another by the time of the answer.
    pub(super) topic_id: u128,
}

/// A request that is not answered.
#[derive(Debug)]
pub(super) struct Request {
    id: RequestId,
    pub(super) node: NodeId,
    pub(super) parts: Vec<Sent>,
    /// When its batches were sealed, so that it could be sent.
    sent_at: Instant,
    /// When to look again whether another broker leads, and whether that was done.
    overdue_at: Instant,
    is_overdue: bool,
}

/// A broker is known from the first time on that anything is to do with it.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    /// Sorted: there are few, and a map takes longer to search.
    by_id: Vec<Node>,
    /// Sorted by id, as later requests have larger ones.
    requests: VecDeque<Request>,
    /// Whether any broker was ever connected.
    were_connected: bool,
    next_request: RequestId,
    connects: VecDeque<NodeId>,
    disconnects: VecDeque<NodeId>,
    /// Partitions with records that leave with others; see [`Haste::Together`](super::Haste).
    gathered: Vec<Place>,
}

impl Nodes {
    #[inline]
    fn node(&mut self, id: NodeId) -> &mut Node {
        let found = self.by_id.binary_search_by_key(&id, |node| node.id);
        let index = found.unwrap_or_else(|index| {
            self.by_id.insert(index, Node { id, ..Node::default() });
            index
        });
        &mut self.by_id[index]
    }

    fn get(&self, id: NodeId) -> Option<&Node> {
        let index = self.by_id.binary_search_by_key(&id, |node| node.id).ok()?;
        self.by_id.get(index)
    }

    #[inline]
    fn find_request(&self, id: RequestId) -> Option<usize> {
        self.requests.binary_search_by_key(&id, |request| request.id).ok()
    }

    pub(super) fn is_known(&self, node: NodeId) -> bool {
        self.get(node).is_some()
    }

    /// When something happens without any news: a pause ends, or an answer is late.
    pub(super) fn next_event(&self) -> Option<Instant> {
        let pauses = self.by_id.iter().flat_map(|node| [node.retry_at, node.throttled_until]);
        let overdue = self.requests.iter().map(|request| request.overdue_at);
        pauses.flatten().chain(overdue).min()
    }

    // -- connections --------------------------------------------------------------------------

    /// A broker to connect to.
    pub(super) fn pop_connect(&mut self) -> Option<NodeId> {
        self.connects.pop_front()
    }

    /// A broker whose connection is to be ended.
    pub(super) fn pop_disconnect(&mut self) -> Option<NodeId> {
        self.disconnects.pop_front()
    }

    /// Has a broker connected, unless it is, or a pause after a failure is not over.
    #[inline]
    pub(super) fn want(&mut self, id: NodeId) {
        if self.node(id).begins_to_connect() {
            self.connects.push_back(id);
        }
    }

    pub(super) fn connected(&mut self, node: NodeId) {
        self.were_connected = true;
        let node = self.node(node);
        node.connected = true;
        node.connecting = false;
        node.failures = 0;
        node.last_failure = None;
    }

    /// A broker could not be connected. `pause` says how long to wait after so many failures.
    pub(super) fn connect_failed(
        &mut self,
        now: Instant,
        node: NodeId,
        error: Error,
        pause: impl FnOnce(u32) -> Duration,
    ) {
        let node = self.node(node);
        node.connecting = false;
        node.counts.connect_failures += 1;
        node.failures = node.failures.saturating_add(1);
        node.last_failure = Some(error);
        node.retry_at = Some(now + pause(node.failures));
    }

    /// A connection ended. Gives out what was to be sent on it, and says whether it was needed.
    pub(super) fn disconnected(&mut self, node: NodeId) -> (VecDeque<Place>, bool) {
        let node = self.node(node);
        node.counts.disconnects += u64::from(node.connected);
        node.connected = false;
        node.throttled_until = None;
        let was_needed = node.in_flight > 0 || !node.ready.is_empty();
        (std::mem::take(&mut node.ready), was_needed)
    }

    /// Whether any broker was ever connected.
    pub(super) fn were_connected(&self) -> bool {
        self.were_connected
    }

    /// Why a broker is not connected.
    pub(super) fn last_failure(&self, node: NodeId) -> Option<&Error> {
        self.get(node)?.last_failure.as_ref()
    }

    /// Ends the pauses that are over: after failed connections, and for throttling. Brokers that
    /// are needed are connected.
    pub(super) fn wake(&mut self, now: Instant, is_needed: impl Fn(NodeId) -> bool) {
        for node in &mut self.by_id {
            if node.throttled_until.is_some_and(|at| at <= now) {
                node.throttled_until = None;
            }
            if node.retry_at.is_some_and(|at| at <= now) {
                node.retry_at = None;
                if is_needed(node.id) && node.begins_to_connect() {
                    self.connects.push_back(node.id);
                }
            }
        }
    }

    // -- what is to be sent -------------------------------------------------------------------

    /// A broker that takes a request and has one coming, if it owes fewer answers than `limit`.
    #[inline]
    pub(super) fn ready(&self, limit: usize) -> Option<NodeId> {
        let is_ready = |node: &Node| {
            node.connected
                && node.in_flight < limit
                && node.throttled_until.is_none()
                && !node.ready.is_empty()
        };
        self.by_id.iter().find(|node| is_ready(node)).map(|node| node.id)
    }

    /// Puts a partition into the queue of a broker, and out of that of another.
    #[inline]
    pub(super) fn enqueue(&mut self, place: Place, node: NodeId, before: Option<NodeId>) {
        if let Some(before) = before {
            self.leave_queue(before, place);
        }
        self.node(node).ready.push_back(place);
    }

    /// Takes a partition out of the queue of a broker.
    pub(super) fn leave_queue(&mut self, node: NodeId, place: Place) {
        self.node(node).ready.retain(|other| *other != place);
    }

    /// Takes the first partition of a broker's queue.
    #[inline]
    pub(super) fn pop_ready(&mut self, node: NodeId) -> Option<Place> {
        self.node(node).ready.pop_front()
    }

    /// Puts it back.
    pub(super) fn push_ready(&mut self, node: NodeId, place: Place) {
        self.node(node).ready.push_front(place);
    }

    /// Remembers a partition with a record that is awaited, until the broker owes no answer.
    pub(super) fn await_answers(&mut self, node: NodeId, place: Place) {
        self.node(node).awaited.push(place);
    }

    /// Remembers a partition with records that leave with others.
    pub(super) fn gather(&mut self, place: Place) {
        self.gathered.push(place);
    }

    pub(super) fn take_gathered(&mut self) -> Vec<Place> {
        std::mem::take(&mut self.gathered)
    }

    // -- requests -----------------------------------------------------------------------------

    /// Whether a broker owes an answer.
    #[inline]
    pub(super) fn is_busy(&mut self, node: NodeId) -> bool {
        self.node(node).in_flight > 0
    }

    /// Adds a request.
    #[inline]
    pub(super) fn send(&mut self, now: Instant, node: NodeId, parts: Vec<Sent>) -> RequestId {
        let id = self.next_request;
        self.next_request += 1;
        let state = self.node(node);
        state.in_flight += 1;
        state.counts.requests += 1;
        let overdue_at = now + OVERDUE;
        let request = Request { id, node, parts, sent_at: now, overdue_at, is_overdue: false };
        self.requests.push_back(request);
        id
    }

    /// The batches of a request are sealed. Gives out which these are.
    #[inline]
    pub(super) fn sealed(&mut self, now: Instant, id: RequestId) -> Vec<Sent> {
        let Some(index) = self.find_request(id) else { return Vec::new() };
        let request = &mut self.requests[index];
        request.sent_at = now;
        request.parts.clone()
    }

    /// A request is answered.
    #[inline]
    pub(super) fn answered(&mut self, now: Instant, id: RequestId) -> Option<Request> {
        let request = self.take(id)?;
        let latency = now.saturating_duration_since(request.sent_at);
        self.node(request.node).counts.latencies.record(latency, 1);
        Some(request)
    }

    /// A request is lost.
    pub(super) fn lost(&mut self, id: RequestId) -> Option<Request> {
        let request = self.take(id)?;
        self.node(request.node).counts.lost += 1;
        Some(request)
    }

    /// Takes a request that has ended. The caller then calls [`Self::owes_less`].
    #[inline]
    pub(super) fn take(&mut self, id: RequestId) -> Option<Request> {
        let index = self.find_request(id)?;
        if index == 0 { self.requests.pop_front() } else { self.requests.remove(index) }
    }

    /// A broker owes one answer less. Gives out partitions that have waited until it owes none.
    #[inline]
    pub(super) fn owes_less(&mut self, node: NodeId) -> Vec<Place> {
        let node = self.node(node);
        node.in_flight -= 1;
        if node.in_flight == 0 { std::mem::take(&mut node.awaited) } else { Vec::new() }
    }

    /// A broker refused a batch.
    pub(super) fn refused(&mut self, node: NodeId, code: ErrorCode) {
        *self.node(node).counts.errors.entry(code.name()).or_default() += 1;
    }

    /// A broker asks for silence.
    pub(super) fn throttle(&mut self, now: Instant, node: NodeId, time: Duration) {
        let node = self.node(node);
        node.counts.throttle_time.record(time);
        node.throttled_until = node.throttled_until.max(Some(now + time));
    }

    pub(super) fn is_throttled(&self, node: NodeId) -> bool {
        self.get(node).is_some_and(|node| node.throttled_until.is_some())
    }

    /// Whether an answer is late, for the first time or again.
    pub(super) fn notice_overdue(&mut self, now: Instant) -> bool {
        let mut any = false;
        for request in &mut self.requests {
            if request.overdue_at <= now {
                request.is_overdue = true;
                request.overdue_at = now + OVERDUE;
                any = true;
            }
        }
        any
    }

    /// A broker that owes an answer, and no longer leads: the wait for it stands in the way of
    /// everything that is to go to its successor. A broker that is merely slow is left alone.
    pub(super) fn give_up_on(&mut self, node: NodeId) {
        let mut requests = self.requests.iter();
        let owes = |request: &Request| request.node == node && request.is_overdue;
        if requests.any(owes) && !self.disconnects.contains(&node) {
            self.disconnects.push_back(node);
        }
    }

    /// Nothing more is sent. Requests that are under way end with their connections.
    pub(super) fn finish(&mut self) {
        self.requests.clear();
        for node in &mut self.by_id {
            node.connected = false;
            node.in_flight = 0;
        }
    }

    // -- metrics ------------------------------------------------------------------------------

    pub(super) fn metrics(&self) -> Vec<BrokerMetrics> {
        self.by_id.iter().map(Node::metrics).collect()
    }

    /// Those of all brokers.
    pub(super) fn request_metrics(&self) -> RequestMetrics {
        let (mut all, mut in_flight) = (NodeCounts::default(), 0);
        for node in &self.by_id {
            all.add(&node.counts);
            in_flight += node.in_flight;
        }
        all.requests(in_flight)
    }
}

impl Node {
    /// Whether it is to be connected now; from then on a connection is under way.
    fn begins_to_connect(&mut self) -> bool {
        let begins = !self.connected && !self.connecting && self.retry_at.is_none();
        self.connecting |= begins;
        begins
    }

    fn metrics(&self) -> BrokerMetrics {
        let counts = &self.counts;
        BrokerMetrics {
            id: self.id,
            connected: self.connected,
            connect_failures: counts.connect_failures,
            disconnects: counts.disconnects,
            requests: counts.requests(self.in_flight),
            errors: counts.errors.clone(),
        }
    }
}

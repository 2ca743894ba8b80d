//! Brokers: their connections, the partitions that are ready to be sent to them, and their
//! unanswered requests.

mod node_counts;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::metrics::{BrokerMetrics, RequestMetrics};
use super::request::RequestId;
use crate::cluster::{NodeId, Place};
use crate::error::{Error, ErrorCode};
use node_counts::NodeCounts;

/// After this time without an answer, the machine checks whether another broker leads by now. Long
/// compared with a healthy answer, short compared with an election.
const OVERDUE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Node {
    id: NodeId,
    connected: bool,
    connecting: bool,
    /// Failed connections in a row, the last error, and the time of the next attempt.
    failures: u32,
    last_failure: Option<Error>,
    retry_at: Option<Instant>,
    /// Nothing is sent to the broker until then.
    throttled_until: Option<Instant>,
    in_flight: usize,
    /// Partitions with a batch that may be sent.
    ready: VecDeque<Place>,
    /// Partitions with an awaited record, to be sent once nothing is in flight.
    awaited: Vec<Place>,
    counts: NodeCounts,
}

/// A batch in a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct InFlightBatch {
    pub(super) place: Place,
    pub(super) serial: u64,
    /// The topic's id when the batch was sent. It may have changed when the answer arrives.
    pub(super) topic_id: u128,
}

#[derive(Debug)]
pub(super) struct InFlightRequest {
    id: RequestId,
    pub(super) node: NodeId,
    pub(super) parts: Vec<InFlightBatch>,
    /// The time at which its batches were sealed, so that it could be sent.
    sent_at: Instant,
    /// Time of the next check whether another broker leads, and whether there was one before.
    overdue_at: Instant,
    is_overdue: bool,
}

/// The brokers that the machine has used so far.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    /// Sorted by id: there are few, and a map takes longer to search.
    by_id: Vec<Node>,
    /// Sorted by id, as later requests have larger ones.
    requests: VecDeque<InFlightRequest>,
    were_connected: bool,
    next_request: RequestId,
    connects: VecDeque<NodeId>,
    disconnects: VecDeque<NodeId>,
    /// Partitions with records that are sent together; see [`Haste::Together`](super::Haste).
    grouped: Vec<Place>,
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

    /// Returns the next time at which something changes without an event: a pause ends, or an
    /// answer is overdue.
    pub(super) fn next_event(&self) -> Option<Instant> {
        let pauses = self.by_id.iter().flat_map(|node| [node.retry_at, node.throttled_until]);
        let overdue = self.requests.iter().map(|request| request.overdue_at);
        pauses.flatten().chain(overdue).min()
    }

    // -- connections --------------------------------------------------------------------------

    pub(super) fn pop_connect(&mut self) -> Option<NodeId> {
        self.connects.pop_front()
    }

    pub(super) fn pop_disconnect(&mut self) -> Option<NodeId> {
        self.disconnects.pop_front()
    }

    /// Requests a connection to a broker, unless there is one or a pause after a failure is not
    /// over.
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

    /// Starts the pause after a failed connection. `pause` returns its length for a number of
    /// failures in a row.
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

    /// Removes a closed connection. Returns the partitions that were ready to be sent on it, and
    /// whether the connection was needed.
    pub(super) fn disconnected(&mut self, node: NodeId) -> (VecDeque<Place>, bool) {
        let node = self.node(node);
        node.counts.disconnects += u64::from(node.connected);
        node.connected = false;
        node.throttled_until = None;
        let was_needed = node.in_flight > 0 || !node.ready.is_empty();
        (std::mem::take(&mut node.ready), was_needed)
    }

    pub(super) fn were_connected(&self) -> bool {
        self.were_connected
    }

    /// Returns the error of the last connection to a broker.
    pub(super) fn last_failure(&self, node: NodeId) -> Option<&Error> {
        self.get(node)?.last_failure.as_ref()
    }

    /// Ends pauses that are over: after failed connections, and for throttling. Requests
    /// connections to brokers that are needed.
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

    // -- partitions to send -------------------------------------------------------------------

    /// Returns a broker to send a request to: connected, not throttled, with a ready partition and
    /// fewer than `limit` requests in flight.
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

    /// Adds a partition to the queue of a broker, and removes it from that of the one `before`.
    #[inline]
    pub(super) fn enqueue(&mut self, place: Place, node: NodeId, before: Option<NodeId>) {
        if let Some(before) = before {
            self.leave_queue(before, place);
        }
        self.node(node).ready.push_back(place);
    }

    pub(super) fn leave_queue(&mut self, node: NodeId, place: Place) {
        self.node(node).ready.retain(|other| *other != place);
    }

    #[inline]
    pub(super) fn pop_ready(&mut self, node: NodeId) -> Option<Place> {
        self.node(node).ready.pop_front()
    }

    /// Puts a partition back at the front of a broker's queue.
    pub(super) fn push_ready(&mut self, node: NodeId, place: Place) {
        self.node(node).ready.push_front(place);
    }

    /// Remembers a partition with an awaited record, until no request to the broker is in flight.
    pub(super) fn flush_when_idle(&mut self, node: NodeId, place: Place) {
        self.node(node).awaited.push(place);
    }

    /// Remembers a partition with records that are sent together.
    pub(super) fn group(&mut self, place: Place) {
        self.grouped.push(place);
    }

    pub(super) fn take_grouped(&mut self) -> Vec<Place> {
        std::mem::take(&mut self.grouped)
    }

    // -- requests -----------------------------------------------------------------------------

    /// Returns whether a request to the broker is in flight.
    #[inline]
    pub(super) fn is_busy(&mut self, node: NodeId) -> bool {
        self.node(node).in_flight > 0
    }

    #[inline]
    pub(super) fn send(
        &mut self,
        now: Instant,
        node: NodeId,
        parts: Vec<InFlightBatch>,
    ) -> RequestId {
        let id = self.next_request;
        self.next_request += 1;
        let state = self.node(node);
        state.in_flight += 1;
        state.counts.requests += 1;
        let overdue_at = now + OVERDUE;
        let request =
            InFlightRequest { id, node, parts, sent_at: now, overdue_at, is_overdue: false };
        self.requests.push_back(request);
        id
    }

    /// Notes that a request can be sent now, and returns its batches.
    #[inline]
    pub(super) fn sealed(&mut self, now: Instant, id: RequestId) -> Vec<InFlightBatch> {
        let Some(index) = self.find_request(id) else { return Vec::new() };
        let request = &mut self.requests[index];
        request.sent_at = now;
        request.parts.clone()
    }

    #[inline]
    pub(super) fn answered(&mut self, now: Instant, id: RequestId) -> Option<InFlightRequest> {
        let request = self.take(id)?;
        let latency = now.saturating_duration_since(request.sent_at);
        self.node(request.node).counts.latencies.record(latency, 1);
        Some(request)
    }

    pub(super) fn lost(&mut self, id: RequestId) -> Option<InFlightRequest> {
        let request = self.take(id)?;
        self.node(request.node).counts.lost += 1;
        Some(request)
    }

    /// Removes a request that has ended. The caller then calls [`Self::request_finished`].
    #[inline]
    pub(super) fn take(&mut self, id: RequestId) -> Option<InFlightRequest> {
        let index = self.find_request(id)?;
        if index == 0 { self.requests.pop_front() } else { self.requests.remove(index) }
    }

    /// Counts one request in flight less. After the last one, returns the partitions that wait for
    /// that.
    #[inline]
    pub(super) fn request_finished(&mut self, node: NodeId) -> Vec<Place> {
        let node = self.node(node);
        node.in_flight -= 1;
        if node.in_flight == 0 { std::mem::take(&mut node.awaited) } else { Vec::new() }
    }

    pub(super) fn refused(&mut self, node: NodeId, code: ErrorCode) {
        *self.node(node).counts.errors.entry(code.name()).or_default() += 1;
    }

    /// Sends nothing to a broker for `time`.
    pub(super) fn throttle(&mut self, now: Instant, node: NodeId, time: Duration) {
        let node = self.node(node);
        node.counts.throttle_time.record(time);
        node.throttled_until = node.throttled_until.max(Some(now + time));
    }

    pub(super) fn is_throttled(&self, node: NodeId) -> bool {
        self.get(node).is_some_and(|node| node.throttled_until.is_some())
    }

    /// Returns whether an answer is overdue, for the first time or again.
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

    /// Disconnects from a broker that no longer leads, if it has an overdue request: waiting for
    /// the answer would block everything for the new leader. A slow broker that still leads stays
    /// connected.
    pub(super) fn give_up_on(&mut self, node: NodeId) {
        let mut requests = self.requests.iter();
        let owes = |request: &InFlightRequest| request.node == node && request.is_overdue;
        if requests.any(owes) && !self.disconnects.contains(&node) {
            self.disconnects.push_back(node);
        }
    }

    /// Stops sending. Requests in flight end with their connections.
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

    /// Returns the metrics of all brokers together.
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
    /// Returns whether to connect now. If so, the connection counts as under way from now on.
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

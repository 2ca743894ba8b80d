//! The connections between client and brokers: ordered in both directions, delayed, and cut at any
//! time. Requests in transit may still arrive after a cut; their answers never reach the client.
//! Requests that wait for a login renewal do not reach the broker.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use dekaf::producer::RequestId;
use dekaf::protocol::ProduceRequest;
use dekaf::random::Random;

use super::cluster::{NodeId, RequestHandle};

/// A connection id. It is never reused.
pub(crate) type LinkId = u64;

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) node: NodeId,
    pub(crate) alive: bool,
    /// Requests that the client has sent and that it has no answer to.
    pub(crate) outstanding: VecDeque<RequestId>,
    /// The reason to hold back requests, if any.
    pub(crate) hold: Option<Hold>,
    waiting: VecDeque<(RequestId, ProduceRequest)>,
    /// Whether the broker has reached the renewal that requests wait for.
    pub(crate) is_login_sent: bool,
    /// Whether the login has expired: the broker closes the connection at the next request.
    pub(crate) is_expired: bool,
    /// Requests in transit, and those that wait for the broker to finish the previous one.
    under_way: VecDeque<(Duration, RequestId, ProduceRequest)>,
    pub(crate) serving: Option<(RequestHandle, RequestId)>,
    last_arrival: Duration,
    last_answer: Duration,
}

/// The result of a login renewal that later requests wait for. The broker first processes earlier
/// requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// The broker renews the login.
    Renewed,
    /// The broker refuses, or the client has no credentials.
    Refused,
    /// The broker does not answer.
    Unanswered,
}

#[derive(Debug, Default)]
pub(crate) struct Lost {
    pub(crate) sent: Vec<RequestId>,
    pub(crate) unsent: Vec<RequestId>,
}

/// All connections that ever existed.
#[derive(Debug, Default)]
pub(crate) struct Network {
    links: BTreeMap<LinkId, Link>,
    current: BTreeMap<NodeId, LinkId>,
    made: LinkId,
}

impl Network {
    pub(crate) fn connect(&mut self, node: NodeId) -> LinkId {
        // A broker reads everything from an old connection before it accepts a new one.
        for link in self.links.values_mut().filter(|link| link.node == node) {
            link.under_way.clear();
        }
        self.links.retain(|_, link| link.alive || link.serving.is_some());
        let id = self.made;
        self.made += 1;
        self.links.insert(
            id,
            Link {
                node,
                alive: true,
                outstanding: VecDeque::new(),
                hold: None,
                waiting: VecDeque::new(),
                is_login_sent: false,
                is_expired: false,
                under_way: VecDeque::new(),
                serving: None,
                last_arrival: Duration::ZERO,
                last_answer: Duration::ZERO,
            },
        );
        self.current.insert(node, id);
        id
    }

    pub(crate) fn link(&self, id: LinkId) -> Option<&Link> {
        self.links.get(&id)
    }

    pub(crate) fn link_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        self.links.get_mut(&id)
    }

    /// Returns the live connection to a broker.
    pub(crate) fn to(&self, node: NodeId) -> Option<LinkId> {
        let id = *self.current.get(&node)?;
        self.links.get(&id).filter(|link| link.alive).map(|_| id)
    }

    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        self.current.keys().copied().filter(|node| self.to(*node).is_some()).collect()
    }

    /// Cuts a live connection. Some requests in transit may still arrive.
    pub(crate) fn cut(&mut self, id: LinkId, random: &mut Random) -> Option<Lost> {
        let link = self.links.get_mut(&id).filter(|link| link.alive)?;
        link.alive = false;
        let arrives = random.below(link.under_way.len() as u64 + 1) as usize;
        link.under_way.truncate(arrives);
        let unsent = link.waiting.drain(..).map(|(id, _)| id);
        Some(Lost { sent: link.outstanding.drain(..).collect(), unsent: unsent.collect() })
    }
}

impl Link {
    pub(crate) fn send(
        &mut self,
        at: Duration,
        id: RequestId,
        request: ProduceRequest,
    ) -> Duration {
        self.last_arrival = self.last_arrival.max(at);
        self.outstanding.push_back(id);
        self.under_way.push_back((self.last_arrival, id, request));
        self.last_arrival
    }

    pub(crate) fn send_later(&mut self, id: RequestId, request: ProduceRequest) {
        self.waiting.push_back((id, request));
    }

    /// Ends the hold; returns the requests that waited for it.
    pub(crate) fn release(&mut self) -> VecDeque<(RequestId, ProduceRequest)> {
        self.hold = None;
        self.is_login_sent = false;
        std::mem::take(&mut self.waiting)
    }

    /// Returns whether the broker has answered all requests, and the client has the answers.
    pub(crate) fn is_drained(&self) -> bool {
        self.outstanding.is_empty() && self.under_way.is_empty() && self.serving.is_none()
    }

    pub(crate) fn drop_under_way(&mut self) {
        self.under_way.clear();
    }

    /// Returns the next request to serve, if it has arrived and the broker is not serving another.
    pub(crate) fn take_up(&mut self, now: Duration) -> Option<(RequestId, ProduceRequest)> {
        if self.serving.is_some() {
            return None;
        }
        let (arrived, ..) = self.under_way.front()?;
        if *arrived > now {
            return None;
        }
        self.under_way.pop_front().map(|(_, id, request)| (id, request))
    }

    /// Returns when an answer that is sent at `at` arrives: never before an earlier one.
    pub(crate) fn answer_arrives(&mut self, at: Duration) -> Duration {
        self.last_answer = self.last_answer.max(at);
        self.last_answer
    }
}

//! The connections between the client and the brokers: in order both ways, delayed, and cut at
//! any moment. What was under way when one is cut may still reach the broker; its answers never
//! reach the client. What waits for a login to be renewed does not reach the broker.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use dekaf::producer::RequestId;
use dekaf::protocol::ProduceRequest;
use dekaf::random::Random;

use super::cluster::{NodeId, RequestHandle};

/// A connection, never used again once it was cut.
pub(crate) type LinkId = u64;

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) node: NodeId,
    pub(crate) alive: bool,
    /// Requests that have been sent and have no answer yet, as the client sees it.
    pub(crate) outstanding: VecDeque<RequestId>,
    /// Why requests wait, if they do.
    pub(crate) hold: Option<Hold>,
    waiting: VecDeque<(RequestId, ProduceRequest)>,
    /// Whether the broker has got to what the hold is for.
    pub(crate) is_login_sent: bool,
    /// Whether the login has ended: the broker closes the connection when a request comes.
    pub(crate) is_expired: bool,
    /// Requests on their way, and those that wait for the broker to finish the one before.
    under_way: VecDeque<(Duration, RequestId, ProduceRequest)>,
    pub(crate) serving: Option<(RequestHandle, RequestId)>,
    last_arrival: Duration,
    last_answer: Duration,
}

/// Requests wait behind this, until the broker has processed what was sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// The broker renews the login.
    Renewed,
    /// The broker does not, or the client has no credentials.
    Refused,
    /// The broker does not answer.
    Unanswered,
}

/// The requests that are lost with a connection.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    pub(crate) sent: Vec<RequestId>,
    pub(crate) unsent: Vec<RequestId>,
}

/// All connections there ever were.
#[derive(Debug, Default)]
pub(crate) struct Network {
    links: BTreeMap<LinkId, Link>,
    current: BTreeMap<NodeId, LinkId>,
    made: LinkId,
}

impl Network {
    pub(crate) fn connect(&mut self, node: NodeId) -> LinkId {
        // A broker has read all of an old connection before it hears of a new one.
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

    /// The connection to a broker that is alive.
    pub(crate) fn to(&self, node: NodeId) -> Option<LinkId> {
        let id = *self.current.get(&node)?;
        self.links.get(&id).filter(|link| link.alive).map(|_| id)
    }

    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        self.current.keys().copied().filter(|node| self.to(*node).is_some()).collect()
    }

    /// Cuts a connection that is alive. Of what is under way, a part may still arrive.
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
    /// Sends a request; says when it arrives.
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

    /// Sends a request when the hold is over.
    pub(crate) fn send_later(&mut self, id: RequestId, request: ProduceRequest) {
        self.waiting.push_back((id, request));
    }

    /// Ends the hold; returns what is to be sent now.
    pub(crate) fn release(&mut self) -> VecDeque<(RequestId, ProduceRequest)> {
        self.hold = None;
        self.is_login_sent = false;
        std::mem::take(&mut self.waiting)
    }

    /// Whether the broker has processed all that was sent, and the client has its answers.
    pub(crate) fn is_drained(&self) -> bool {
        self.outstanding.is_empty() && self.under_way.is_empty() && self.serving.is_none()
    }

    /// Drops what is on its way.
    pub(crate) fn drop_under_way(&mut self) {
        self.under_way.clear();
    }

    /// The next request that the broker takes up, if it has arrived and nothing is being served.
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

    /// When an answer that leaves then arrives: never before an earlier one.
    pub(crate) fn answer_arrives(&mut self, at: Duration) -> Duration {
        self.last_answer = self.last_answer.max(at);
        self.last_answer
    }
}

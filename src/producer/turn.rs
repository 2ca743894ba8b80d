//! A turn of the machine's driver: it polls the machine under the lock, acts without the lock, and
//! later passes the results to the machine. Drivers differ in what they act on (sockets, loom's
//! threads, a simulated network), never in what they do and in which order.

use std::time::Instant;

use super::machine::{Machine, Outgoing};
use super::notice::Notice;
use super::outbox::Outbox;
use super::question::{Answer, Question};
use super::request::{RequestId, SealedRequest};
use super::settled::Settled;
use crate::cluster::NodeId;
use crate::error::Error;
use crate::protocol::ProduceResponse;
use crate::record::SealedBatch;

/// The actions that the machine asks for.
#[derive(Debug)]
pub struct Turn<W> {
    settled: Vec<Settled<W>>,
    notices: Vec<Notice>,
    asks_where: bool,
    disconnects: Vec<NodeId>,
    connects: Vec<NodeId>,
    questions: Vec<Question>,
    requests: Vec<Outgoing>,
    timeout: Option<Instant>,
}

impl<W> Turn<W> {
    /// Returns when the machine needs another turn if no event comes before.
    pub fn timeout(&self) -> Option<Instant> {
        self.timeout
    }

    /// Returns whether there is nothing to do. Waiting for an answer, for a caller to choose a
    /// partition or for the clock counts as nothing to do.
    pub fn is_idle(&self) -> bool {
        self.settled.is_empty()
            && self.notices.is_empty()
            && self.disconnects.is_empty()
            && self.connects.is_empty()
            && self.questions.is_empty()
            && self.requests.is_empty()
    }
}

/// An event outside of the machine since the last turn.
#[derive(Debug)]
pub enum Event {
    /// A broker answered a question, or none could.
    Answered(Answer),
    Connected(NodeId),
    ConnectFailed(NodeId, Error),
    Disconnected(NodeId),
    /// The batches of a request are sealed; see [`Environment::seal`].
    Sealed(SealedRequest),
    Produced(RequestId, ProduceResponse),
    /// A request that no broker answers was written.
    Written(RequestId),
    /// A request's connection ended before its answer came, or before it was sent.
    Lost(RequestId, Error),
}

/// The environment of the machine, as a driver implements it. No method blocks: slow work is
/// started, and its result comes back as an [`Event`].
pub trait Environment<W> {
    /// Delivers results. Called in every turn, even with none.
    fn settle(&mut self, settled: Vec<Settled<W>>);
    fn note(&mut self, notice: Notice);
    /// Asks callers for the partitions of their records.
    fn ask_where(&mut self);
    fn disconnect(&mut self, node: NodeId);
    fn connect(&mut self, node: NodeId);
    fn ask(&mut self, question: Question);
    /// Seals the batches of a request, or starts to and later returns them in an [`Event::Sealed`].
    fn seal(&mut self, request: Outgoing) -> Option<SealedRequest>;
    /// Calls [`Machine::handle_sealed`], under the machine's lock.
    fn hand_back(&mut self, id: RequestId, batches: Vec<SealedBatch>);
    /// Sends a request. Calls for one broker are in the order in which the machine made the
    /// requests.
    fn send(&mut self, request: SealedRequest);
}

/// The turns of one machine, and the requests that are left over from one to the next.
#[derive(Debug, Default)]
pub struct Turns {
    outbox: Outbox,
}

impl Turns {
    /// Polls the machine for actions, with its lock held. Returns `None` once the machine is
    /// finished; the last results must still be polled then.
    pub fn look<W>(&self, machine: &mut Machine<W>, now: Instant) -> Option<Turn<W>> {
        machine.handle_timeout(now);
        if machine.is_finished() {
            return None;
        }
        Some(Turn {
            settled: std::iter::from_fn(|| machine.poll_settled()).collect(),
            notices: std::iter::from_fn(|| machine.poll_notice()).collect(),
            connects: std::iter::from_fn(|| machine.poll_connect()).collect(),
            disconnects: std::iter::from_fn(|| machine.poll_disconnect()).collect(),
            requests: std::iter::from_fn(|| machine.poll_request(now)).collect(),
            questions: std::iter::from_fn(|| machine.poll_question(now)).collect(),
            asks_where: machine.peek_placing().is_some(),
            timeout: machine.poll_timeout(),
        })
    }

    /// Does what the machine asks for, without its lock.
    pub fn act<W>(&mut self, turn: Turn<W>, environment: &mut impl Environment<W>) {
        environment.settle(turn.settled);
        for notice in turn.notices {
            environment.note(notice);
        }
        if turn.asks_where {
            environment.ask_where();
        }
        for node in turn.disconnects {
            environment.disconnect(node);
        }
        for node in turn.connects {
            environment.connect(node);
        }
        for question in turn.questions {
            environment.ask(question);
        }
        for request in turn.requests {
            let Outgoing { id, node, .. } = request;
            match environment.seal(request) {
                Some(sealed) => {
                    environment.hand_back(id, sealed.only_batches());
                    self.outbox.push(sealed);
                }
                None => self.outbox.reserve(node, id),
            }
        }
        while let Some(sealed) = self.outbox.pop() {
            environment.send(sealed);
        }
    }

    pub fn take_in<W>(&mut self, machine: &mut Machine<W>, now: Instant, event: Event) {
        match event {
            Event::Answered(answer) => machine.handle_answer(now, answer),
            Event::Connected(node) => machine.handle_connected(node),
            Event::ConnectFailed(node, error) => machine.handle_connect_failed(now, node, error),
            Event::Disconnected(node) => machine.handle_disconnected(now, node),
            Event::Sealed(sealed) => {
                machine.handle_sealed(now, sealed.id, sealed.only_batches());
                self.outbox.fill(sealed);
            }
            Event::Produced(id, response) => machine.handle_produced(now, id, &response),
            Event::Written(id) => machine.handle_written(now, id),
            Event::Lost(id, error) => machine.handle_lost(now, id, &error),
        }
    }
}

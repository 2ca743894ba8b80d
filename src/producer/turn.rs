//! What every driver of a machine does in one turn: it looks, under the machine's lock, then acts,
//! without it, and later takes in what came of that. Drivers differ in what they act on (sockets,
//! loom's threads, a simulated network), never in what they do and in which order.

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

/// What the machine wants done.
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
    /// When the machine wants another turn although nothing has happened.
    pub fn timeout(&self) -> Option<Instant> {
        self.timeout
    }

    /// Whether there is nothing to do. Waiting for an answer, for a caller to place records or for
    /// the clock is nothing to do.
    pub fn is_idle(&self) -> bool {
        self.settled.is_empty()
            && self.notices.is_empty()
            && self.disconnects.is_empty()
            && self.connects.is_empty()
            && self.questions.is_empty()
            && self.requests.is_empty()
    }
}

/// What happened outside since the last turn.
#[derive(Debug)]
pub enum Event {
    /// A broker answered a question, or none could.
    Answered(Answer),
    /// A broker is ready for requests.
    Connected(NodeId),
    /// A broker could not be connected.
    ConnectFailed(NodeId, Error),
    /// The connection to a broker ended.
    Disconnected(NodeId),
    /// The batches of a request are sealed; see [`Outside::seal`].
    Sealed(SealedRequest),
    /// A broker answered a request.
    Produced(RequestId, ProduceResponse),
    /// A request that no broker answers is written.
    Written(RequestId),
    /// A request's connection ended before its answer came, or before it was sent.
    Lost(RequestId, Error),
}

/// The world outside of the machine, as a driver deals with it. No method waits: what takes time is
/// begun, and comes back as an [`Event`].
pub trait Outside<W> {
    /// Delivers what was settled. Called in every turn, also with nothing.
    fn settle(&mut self, settled: Vec<Settled<W>>);
    /// Passes on what the machine says of its own accord.
    fn note(&mut self, notice: Notice);
    /// Has the callers asked for the partitions of records that wait for that.
    fn ask_where(&mut self);
    /// Ends the connection to a broker.
    fn disconnect(&mut self, node: NodeId);
    /// Connects to a broker.
    fn connect(&mut self, node: NodeId);
    /// Asks a broker a question.
    fn ask(&mut self, question: Question);
    /// Seals the batches of a request; or begins to, and brings them with [`Event::Sealed`].
    fn seal(&mut self, request: Outgoing) -> Option<SealedRequest>;
    /// Calls [`Machine::handle_sealed`], under the machine's lock.
    fn hand_back(&mut self, id: RequestId, batches: Vec<SealedBatch>);
    /// Sends a request. Each broker's come in the order in which the machine made them.
    fn send(&mut self, request: SealedRequest);
}

/// The turns of one machine, and what is left over from one to the next.
#[derive(Debug, Default)]
pub struct Turns {
    outbox: Outbox,
}

impl Turns {
    /// Looks what the machine wants done, with the machine's lock held. `None` once the machine is
    /// finished; what was settled last is then still to be polled.
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

    /// Does what the machine wants done, without the machine's lock.
    pub fn act<W>(&mut self, turn: Turn<W>, outside: &mut impl Outside<W>) {
        outside.settle(turn.settled);
        for notice in turn.notices {
            outside.note(notice);
        }
        if turn.asks_where {
            outside.ask_where();
        }
        for node in turn.disconnects {
            outside.disconnect(node);
        }
        for node in turn.connects {
            outside.connect(node);
        }
        for question in turn.questions {
            outside.ask(question);
        }
        for request in turn.requests {
            let Outgoing { id, node, .. } = request;
            match outside.seal(request) {
                Some(sealed) => {
                    outside.hand_back(id, sealed.only_batches());
                    self.outbox.push(sealed);
                }
                None => self.outbox.reserve(node, id),
            }
        }
        while let Some(sealed) = self.outbox.pop() {
            outside.send(sealed);
        }
    }

    /// Passes an event to the machine, with the machine's lock held.
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

//! What the machine wants done: call these until they return nothing.

use std::time::Instant;

use super::{Machine, Outgoing, Placing};
use crate::cluster::NodeId;
use crate::producer::notice::Notice;
use crate::producer::question::{MetadataWanted, Question, Recipient, Subject};
use crate::producer::settled::Settled;

impl<W> Machine<W> {
    /// When [`Self::handle_timeout`] is to be called, if nothing else happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let timers = self.timers.next_event();
        timers
            .into_iter()
            .chain(self.calls.next_event())
            .chain(self.shutdown.next_event())
            .chain(self.cluster.next_event())
            .chain(self.producer_ids.next_event())
            .chain(self.nodes.next_event())
            .chain(self.memory.next_event())
            .chain(self.unassigned.next_event())
            .min()
    }

    /// What a broker is to be asked, until [it is answered](Self::handle_answer).
    pub fn poll_question(&mut self, now: Instant) -> Option<Question> {
        let metadata = self.poll_metadata(now).map(Subject::Metadata);
        let what = metadata.or_else(|| self.poll_identity(now).then_some(Subject::ProducerId))?;
        Some(Question { to: Recipient::AnyBroker, what })
    }

    pub(super) fn poll_identity(&mut self, now: Instant) -> bool {
        self.producer_ids.poll(now)
    }

    pub(super) fn poll_metadata(&mut self, now: Instant) -> Option<MetadataWanted> {
        self.cluster.poll_question(now).then(|| self.next_question())
    }

    /// A broker to connect to, because there is something for it.
    pub fn poll_connect(&mut self) -> Option<NodeId> {
        self.nodes.pop_connect()
    }

    /// A broker whose connection is to be ended: it owes an answer, and others have taken over
    /// from it.
    pub fn poll_disconnect(&mut self) -> Option<NodeId> {
        self.nodes.pop_disconnect()
    }

    /// A request to send, to a broker that is connected.
    pub fn poll_request(&mut self, now: Instant) -> Option<Outgoing> {
        loop {
            let node = self.nodes.ready(self.config.max_in_flight)?;
            let places = self.drain(now, node);
            if !places.is_empty() {
                return Some(self.request(now, node, &places));
            }
        }
    }

    /// A record that its caller is to [place](Self::place); those of a topic in the order in which
    /// they came. Not for the driver, unless it may run the caller's code.
    pub fn poll_placing(&mut self) -> Option<Placing<'_, W>> {
        let ticket = self.next_to_place()?;
        self.unassigned.asked();
        self.placing(ticket)
    }

    /// What [`Self::poll_placing`] would give: for the driver, which wakes the thread that places records.
    pub fn peek_placing(&mut self) -> Option<Placing<'_, W>> {
        let ticket = self.next_to_place()?;
        self.placing(ticket)
    }

    /// Something that ended.
    pub fn poll_settled(&mut self) -> Option<Settled<W>> {
        if let Some(settled) = self.results.pop() {
            return Some(settled);
        }
        if !self.memory.has_calls() {
            return None;
        }
        for waiter in self.memory.admitted() {
            self.results.call(waiter, Ok(()));
        }
        self.settle_wholes();
        self.results.pop()
    }

    /// What the machine says of its own accord.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop()
    }

    /// Who cannot be reached at the moment, and why.
    pub fn trouble(&self) -> Option<String> {
        self.notices.trouble()
    }

    /// Whether [`Self::poll_notice`] also says what is for debugging.
    pub fn set_verbose(&mut self, verbose: bool) {
        self.notices.set_verbose(verbose);
    }
}

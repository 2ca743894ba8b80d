//! The machine's actions for its driver: call these until they return nothing.

use std::time::Instant;

use super::{Machine, Outgoing, Placing};
use crate::cluster::NodeId;
use crate::producer::notice::Notice;
use crate::producer::question::{MetadataWanted, Question, Recipient, Subject};
use crate::producer::settled::Settled;

impl<W> Machine<W> {
    /// Returns when [`Self::handle_timeout`] must be called, if nothing else happens before.
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

    /// Returns a question for a broker, which [`Self::handle_answer`] answers.
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

    /// Returns a broker to connect to, because there is something for it.
    pub fn poll_connect(&mut self) -> Option<NodeId> {
        self.nodes.pop_connect()
    }

    /// Returns a broker to disconnect from: it has not answered, and others have taken over from
    /// it.
    pub fn poll_disconnect(&mut self) -> Option<NodeId> {
        self.nodes.pop_disconnect()
    }

    pub fn poll_request(&mut self, now: Instant) -> Option<Outgoing> {
        loop {
            let node = self.nodes.ready(self.config.max_in_flight)?;
            let places = self.drain(now, node);
            if !places.is_empty() {
                return Some(self.request(now, node, &places));
            }
        }
    }

    /// Returns a record whose caller must [place](Self::place) it; those of a topic are in the
    /// order of arrival. Not for the driver, unless it may run the caller's code.
    pub fn poll_placing(&mut self) -> Option<Placing<'_, W>> {
        let ticket = self.next_to_place()?;
        self.unassigned.asked();
        self.placing(ticket)
    }

    /// Returns the record of the next [`Self::poll_placing`]: for the driver, which wakes the
    /// thread that places records.
    pub fn peek_placing(&mut self) -> Option<Placing<'_, W>> {
        let ticket = self.next_to_place()?;
        self.placing(ticket)
    }

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

    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop()
    }

    /// Returns which peer cannot be reached at the moment, and why.
    pub fn trouble(&self) -> Option<String> {
        self.notices.trouble()
    }

    /// Sets whether [`Self::poll_notice`] returns debug lines as well.
    pub fn set_verbose(&mut self, verbose: bool) {
        self.notices.set_verbose(verbose);
    }
}

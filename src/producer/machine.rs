//! The machine itself: what it is told, and what it wants done.
//!
//! Methods are of four kinds. Callers' (`produce`, `wait`, `place`, `cancel`, `start`, `flush`,
//! `purge`, `close`) take work in. `handle_*` take in what happened outside. `poll_*` give out what
//! is to be done: call them until they return nothing. The rest looks.
//!
//! The machine's state lies in components, files beside this one, which do not know each other. The
//! files below this one decide what happens between them.

mod admission;
mod asking;
mod exchange;
mod fates;
mod in_order;
mod joining;
mod numbering;
mod placing;
mod queues;
mod snapshot;
#[cfg(test)]
mod tests;
mod wholes;
mod wording;
mod wreck;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::exchange::{MetadataWanted, Outgoing, Part, Placing, Produced, Purge, Unsent};
use self::fates::Refusal;
pub use self::joining::Joined;
pub use self::wholes::{NotWhole, Whole, whole_size};
use super::batch::{Rest, Ticket};
use super::calls::{Calls, Question};
use super::counts::Counts;
use super::cutter::Cutter;
use super::delayed::Delayed;
use super::ending::Ending;
use super::haste::Haste;
use super::memory::Memory;
use super::nodes::{Nodes, Sent};
use super::notice::Notice;
use super::notices::{Notices, Peer};
use super::numbers::Numbers;
use super::owned::OwnedRecord;
use super::pending::Pending;
use super::request::RequestId;
use super::sequence::ProducerEpoch;
use super::settled::{Settled, Stored};
use super::tickets::Tickets;
use super::timers::Timers;
use super::told::Told;
use super::topic::Topic;
use super::topics::Topics;
use crate::cluster::Backoff;
use crate::cluster::ClusterDescription;
use crate::cluster::NodeId;
use crate::cluster::Questions;
use crate::config::{Acks, Config};
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::protocol::{LONGEST_TOPIC, MetadataResponse, PartitionProduced, ProduceResponse};
use crate::random::Random;
use crate::record::{Record, SealedBatch};

/// How long a broker is left alone that asks for silence. Quotas ask for seconds, and a number
/// that was damaged on its way for weeks.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// See the module's documentation.
#[derive(Debug)]
pub struct Machine<W> {
    config: Config,
    random: Random,
    topics: Topics<W>,
    nodes: Nodes,
    numbers: Numbers,
    memory: Memory<W>,
    pending: Pending<W>,
    cutter: Cutter<W>,
    timers: Timers,
    tickets: Tickets<W>,
    questions: Questions,
    calls: Calls<W>,
    told: Told<W>,
    notices: Notices,
    ending: Ending<W>,
    counts: Counts,
}

impl<W> Machine<W> {
    /// A machine that knows nothing of its cluster yet. The same seed and the same calls give
    /// the same results.
    pub fn new(config: Config, seed: u64) -> Self {
        let backoff = Backoff::of(&config);
        Self {
            questions: Questions::new(&config, backoff),
            numbers: Numbers::new(backoff),
            random: Random::new(seed),
            memory: Memory::new(config.buffer_memory),
            config,
            topics: Topics::default(),
            nodes: Nodes::default(),
            pending: Pending::default(),
            cutter: Cutter::new(|_, _| unreachable!("nobody waits for several records")),
            timers: Timers::default(),
            tickets: Tickets::default(),
            calls: Calls::default(),
            told: Told::default(),
            notices: Notices::default(),
            ending: Ending::default(),
            counts: Counts::default(),
        }
    }

    /// The same, for waiters who may wait for several records in a row: see
    /// [`Who`](super::Who) and [`Rest`].
    #[must_use]
    pub fn with_runs(self, rest: Rest<W>) -> Self {
        Self { cutter: Cutter::new(rest), ..self }
    }

    // -- callers --------------------------------------------------------------------------

    /// Takes a record in, if there is memory for it and nobody waits for some.
    ///
    /// # Errors
    /// After [`Self::close`], after a fatal error, or if the process has no memory, with the
    /// waiter; everything else that goes wrong is settled, not returned.
    pub fn produce(
        &mut self,
        now: Instant,
        topic: &str,
        partition: Option<i32>,
        record: &Record<'_>,
        waiter: Option<W>,
        haste: Haste,
    ) -> Result<Produced<W>, (Error, Option<W>)> {
        let waiter = match self.join(|| now, topic, partition, record, waiter, haste) {
            Ok(Joined { ticket, work }) => {
                return Ok(Produced::Accepted { ticket, work, is_held: false });
            }
            Err(waiter) => waiter,
        };
        if let Err(error) = self.check_open() {
            return Err((error, waiter));
        }
        let size = record.size_bound();
        if let Err(error) = self.check_record(topic, size) {
            self.count_refused(topic);
            self.told.refused(topic.into(), partition, record.timestamp, waiter, error);
            let ticket = self.tickets.issue_spent();
            return Ok(Produced::Accepted { ticket, work: true, is_held: false });
        }
        if !self.memory.has_room(size) {
            return Ok(Produced::Full(waiter));
        }
        let target = self.target(now, topic, partition, haste);
        let produced = self.accept(now, target, record, waiter)?;
        self.count_handed_over(target.topic, 1);
        Ok(produced)
    }

    /// Takes a place in the line for memory. Returns the ticket, to [cancel](Self::cancel) it.
    ///
    /// # Errors
    /// After [`Self::close`], or if too many wait already, with the waiter.
    pub fn wait(
        &mut self,
        now: Instant,
        topic: &str,
        partition: Option<i32>,
        record: OwnedRecord,
        waiter: Option<W>,
        haste: Haste,
    ) -> Result<Ticket, (Error, Option<W>)> {
        if let Err(error) = self.check_open() {
            return Err((error, waiter));
        }
        if self.memory.waiting() >= self.config.max_waiting {
            return Err((self.buffer_full(), waiter));
        }
        let target = self.target(now, topic, partition, haste.apart());
        let ticket = self.tickets.issue();
        let until = target.deadline;
        self.count_handed_over(target.topic, 1);
        let is_first = !self.memory.is_short();
        let asked_before = self.questions.asked();
        let delayed = Delayed { target, record, waiter, until, charged: 0, asked_before };
        self.memory.wait(ticket, delayed);
        if is_first {
            // What lingers takes the room that this one needs.
            self.for_each_place(|machine, place| machine.touch(now, place));
        }
        Ok(ticket)
    }

    /// Says where a record goes, or why nobody can say; the latter fails it, and so does a
    /// partition that its topic does not have. Says whether the record still waited for that.
    pub fn place(&mut self, now: Instant, ticket: Ticket, partition: Result<i32, String>) -> bool {
        let unplaced = self.pending.get_unplaced_mut(ticket);
        let Some(delayed) = unplaced.filter(|held| held.target.partition.is_none()) else {
            return false;
        };
        delayed.target.partition = partition.as_ref().ok().copied();
        let topic = delayed.target.topic;
        if let Err(error) = self.check_placing(topic, partition) {
            self.strike_unassigned(topic, ticket);
            self.refuse_one_unassigned(ticket, error);
        }
        self.assign_unassigned(now, topic);
        self.finish_flushes();
        true
    }

    /// What a record of a topic fails with whose caller gives this reason not to place it.
    pub fn placing_failed(&mut self, topic: &str, reason: &str) -> Error {
        let index = self.topics.named(topic);
        self.not_placed(index, reason).topic(&self.topics[index].name)
    }

    /// Un-sends a record that still waits, for memory, for its topic or to be placed. `None` if
    /// it does not: such a record is delivered, whoever has stopped waiting for it.
    pub fn cancel(&mut self, now: Instant, ticket: Ticket) -> Option<Unsent<W>> {
        let waiter = if let Some(delayed) = self.memory.leave(ticket) {
            self.count_unsent(delayed.target.topic);
            self.tickets.forget(ticket);
            self.admit(now);
            delayed.waiter
        } else {
            let delayed = self.pending.take(ticket)?;
            let topic = delayed.target.topic;
            self.count_unsent(topic);
            self.strike_unassigned(topic, ticket);
            self.memory.release(delayed.charged);
            self.tickets.forget(ticket);
            self.assign_unassigned(now, topic);
            delayed.waiter
        };
        self.finish_flushes();
        Some(Unsent { waiter })
    }

    /// What was handed over [to leave together](Haste::Together) is all there. Says whether there
    /// is something to do.
    pub fn ship(&mut self, now: Instant) -> bool {
        let mut work = false;
        for place in self.nodes.take_gathered() {
            self.partition(place).gathers = false;
            if self.hurry_or_remember(place) {
                self.touch(now, place);
                work = true;
            }
        }
        work
    }

    /// Settles `waiter` once a record is no longer in the line for memory, whatever became of it.
    pub fn when_admitted(&mut self, ticket: Ticket, waiter: W) {
        self.memory.when_admitted(ticket, waiter);
    }

    /// Settles `waiter` once the cluster has answered.
    pub fn start(&mut self, now: Instant, waiter: W) {
        self.ask(now, self.config.metadata_timeout, Question::Anything, waiter);
    }

    /// The same, for somebody who says how long he waits.
    pub fn ping(&mut self, now: Instant, limit: Duration, waiter: W) {
        self.ask(now, limit, Question::Anything, waiter);
    }

    /// Settles `waiter` once the cluster has described all its brokers and topics, for
    /// [`Self::described`]. It is asked anew, for at most `limit` or `metadata_timeout`.
    pub fn describe_cluster(&mut self, now: Instant, limit: Option<Duration>, waiter: W) {
        let limit = limit.unwrap_or(self.config.metadata_timeout);
        self.ask(now, limit, Question::Everything, waiter);
    }

    /// Settles `waiter` once the cluster has described a topic. Asking does not create it.
    pub fn locate(&mut self, now: Instant, topic: &str, waiter: W) {
        self.ask_about(now, topic, |_| Some(false), waiter);
    }

    /// The same, for records, some of which may name a `partition`: the cluster may create the
    /// topic, and is not asked if the machine knows both already.
    pub fn locate_for_records(
        &mut self,
        now: Instant,
        topic: &str,
        partition: Option<i32>,
        waiter: W,
    ) {
        let creates = |topic: &Topic<W>| match topic.is_known() {
            true if topic.has(partition) => None,
            is_known => Some(!is_known),
        };
        self.ask_about(now, topic, creates, waiter);
    }

    /// `creates` says whether the cluster may create the topic, or that it need not be asked.
    fn ask_about(
        &mut self,
        now: Instant,
        topic: &str,
        creates: impl FnOnce(&Topic<W>) -> Option<bool>,
        waiter: W,
    ) {
        if topic.len() > LONGEST_TOPIC {
            let error = wording::invalid_topic(topic).code(ErrorCode::INVALID_TOPIC);
            return self.told.call(waiter, Err(error));
        }
        let index = self.topics.named(topic);
        let Some(creates) = creates(&self.topics[index]) else {
            return self.told.call(waiter, Ok(()));
        };
        let question = Question::Topic { index, creates };
        self.ask(now, self.config.metadata_timeout, question, waiter);
    }

    /// Settles `waiter` once everything handed over before this call is settled. Returns what
    /// [`Self::unsettled_before`] takes.
    pub fn flush(&mut self, now: Instant, waiter: W) -> Ticket {
        self.close_batches(now);
        let before = self.tickets.flush(waiter);
        self.finish_flushes();
        before
    }

    /// Fails the records that `what` chooses, and keeps the others. Those in flight may be stored
    /// all the same, and are reported as such. Waiters of a partition are told in the order of its
    /// records, those of chosen ones behind kept ones too.
    pub fn purge(&mut self, now: Instant, what: Purge) {
        self.drop_records(now, what, wording::purged);
        self.for_each_place(|machine, place| machine.touch(now, place));
        self.finish_flushes();
    }

    /// Takes no more records. What was taken in goes on until `by`; then it is given up.
    /// `waiter` is settled when the machine [is finished](Self::is_finished).
    pub fn close(&mut self, now: Instant, by: Instant, waiter: Option<W>) {
        // There is nothing more to linger for.
        self.close_batches(now);
        self.ending.close(by, waiter);
    }

    /// Gives up on everything that is not settled.
    pub fn abandon(&mut self, now: Instant) {
        let records = self.drop_records(now, Purge::ALL, wording::closed_before_delivery);
        self.told.abandon(records);
        self.drop_calls(&wording::closed_before_start());
        self.finish_flushes();
    }

    // -- what happened outside ------------------------------------------------------------

    /// The cluster described itself. `asked` is what [`Self::poll_metadata`] wanted.
    pub fn handle_metadata(
        &mut self,
        now: Instant,
        asked: &MetadataWanted,
        response: &MetadataResponse,
    ) {
        self.notices.reached(Peer::Cluster);
        self.notices.listed(|node| response.brokers.iter().any(|broker| broker.node_id == node));
        for described in &response.topics {
            let index = described.name.as_deref().and_then(|name| self.topics.find(name));
            let Some(index) = index else { continue };
            self.describe(now, index, described);
        }
        // A partition without a leader, or a topic that is being created, will change soon.
        let complete = asked.topics.iter().all(|name| {
            self.topics.find(name).is_none_or(|index| {
                let topic = &self.topics[index];
                topic.is_known() && topic.usable().iter().all(|p| p.leader.is_some())
                    || !topic.is_known() && topic.unassigned.is_empty()
            })
        });
        if asked.everything {
            self.questions.describe(ClusterDescription::from(response));
        }
        let complete = self.answer_calls(asked.everything) && complete;
        self.questions.succeeded(now, complete, &mut self.random);
        self.finish_flushes();
    }

    /// No broker could be asked.
    pub fn handle_metadata_failed(&mut self, now: Instant, error: Error) {
        self.counts.bootstrap_failed();
        let waiting = self.unsettled();
        self.notices.failed(now, Peer::Cluster, &error, waiting);
        let needed = !self.is_idle();
        self.questions.failed(now, error, needed, &mut self.random);
    }

    /// A broker gave the producer an id.
    pub fn handle_identity(&mut self, now: Instant, id: i64, epoch: i16) {
        self.numbers.given(now, ProducerEpoch { id, epoch }, &mut self.random);
        self.for_each_place(|machine, place| machine.touch(now, place));
    }

    /// No broker could be asked for an id, or it refused.
    pub fn handle_identity_failed(&mut self, now: Instant, error: Error) {
        let refused = matches!(error.kind(), ErrorKind::Broker | ErrorKind::UnsupportedVersion);
        if error.retriable() || !refused {
            return self.numbers.failed(now, error, true, &mut self.random);
        }
        let error = error.ends_producer();
        self.numbers.failed(now, error.clone(), false, &mut self.random);
        self.drop_records(now, Purge::ALL, |_, maybe_written| {
            error.clone().maybe_written(maybe_written)
        });
        self.ending.fail(error);
        self.finish_flushes();
    }

    /// A broker is ready for requests.
    pub fn handle_connected(&mut self, node: NodeId) {
        self.notices.reached(Peer::Broker(node));
        self.nodes.connected(node);
    }

    /// A broker could not be connected.
    pub fn handle_connect_failed(&mut self, now: Instant, node: NodeId, error: Error) {
        let waiting = self.unsettled();
        self.notices.failed(now, Peer::Broker(node), &error, waiting);
        // It may have moved, or somebody else may lead its partitions by now.
        self.questions.want();
        let backoff = Backoff::of(&self.config);
        let pause = |failures| backoff.after(failures, &mut self.random);
        self.nodes.connect_failed(now, node, error, pause);
    }

    /// A broker's connection ended. The fate of the requests that were under way is told by
    /// [`Self::handle_lost`].
    pub fn handle_disconnected(&mut self, now: Instant, node: NodeId) {
        self.notices.debug(now, || format!("the connection to broker {node} has ended"));
        let (ready, was_needed) = self.nodes.disconnected(node);
        if was_needed {
            self.questions.want();
        }
        for place in ready {
            self.partition(place).queued_at = None;
            self.touch(now, place);
        }
    }

    /// The open batches of a request, sealed, in the order of its parts.
    pub fn handle_sealed(&mut self, now: Instant, id: RequestId, sealed: Vec<SealedBatch>) {
        let parts = self.nodes.sealed(now, id);
        if parts.is_empty() {
            return;
        }
        for (Sent { place, serial, .. }, batch) in parts.into_iter().zip(sealed) {
            let queue = &mut self.topics[place.topic].partitions[place.partition].queue;
            if let Some(mine) = queue.iter_mut().find(|mine| mine.serial == serial) {
                if mine.is_being_sealed() {
                    self.counts.sealed(&batch);
                }
                let less = mine.sealed(batch);
                self.memory.release(less);
            }
        }
        self.admit(now);
    }

    /// A broker answered a request.
    pub fn handle_produced(&mut self, now: Instant, id: RequestId, response: &ProduceResponse) {
        let Some(request) = self.nodes.answered(now, id) else { return };
        if let Ok(throttle @ 1..) = u64::try_from(response.throttle_time_ms) {
            let throttle = Duration::from_millis(throttle).min(LONGEST_SILENCE);
            self.nodes.throttle(now, request.node, throttle);
            let (node, pause) = (request.node, throttle.as_millis());
            self.notices.debug(now, || format!("broker {node} asks for {pause} ms of silence"));
        }
        for sent in request.parts {
            let Sent { place, serial, .. } = sent;
            match answer_for(response, &self.topics[place.topic], sent) {
                Some(answer) if answer.error_code.is_success() => {
                    let stored = Stored {
                        base_offset: answer.base_offset,
                        log_append_time: Some(answer.log_append_time_ms).filter(|at| *at >= 0),
                    };
                    self.landed(now, sent, stored);
                }
                Some(answer) => {
                    self.nodes.refused(request.node, answer.error_code);
                    let said = answer.error_message.as_deref();
                    self.follow_hint(now, place, answer, response);
                    if answer.base_offset >= 0 {
                        // A leader that stored it, and stepped down while its replicas copied.
                        self.may_be_written(place, serial);
                    }
                    let refusal = Refusal {
                        code: answer.error_code,
                        said,
                        records: &answer.record_errors,
                        maybe_written: answer.error_code.maybe_written(),
                    };
                    self.came_back(now, place, serial, refusal);
                }
                None => {
                    let code = ErrorCode::NETWORK_EXCEPTION;
                    self.nodes.refused(request.node, code);
                    let said = Some("the broker's answer leaves this partition out");
                    let refusal = Refusal { code, said, records: &[], maybe_written: true };
                    self.came_back(now, place, serial, refusal);
                }
            }
            self.touch(now, place);
        }
        self.request_ended(now, request.node);
    }

    /// A request that no broker answers, because none was asked to acknowledge it, is written.
    pub fn handle_written(&mut self, now: Instant, id: RequestId) {
        let Some(request) = self.nodes.take(id) else { return };
        for sent in request.parts {
            let stored = Stored { base_offset: -1, log_append_time: None };
            self.landed(now, sent, stored);
            self.touch(now, sent.place);
        }
        self.request_ended(now, request.node);
    }

    /// A request's connection ended before its answer came, or before it was sent: the reason
    /// says whether it may have been written.
    pub fn handle_lost(&mut self, now: Instant, id: RequestId, reason: &Error) {
        let Some(request) = self.nodes.lost(id) else { return };
        let said = reason.to_string();
        let code = reason.context().code.unwrap_or(ErrorCode::NETWORK_EXCEPTION);
        let maybe_written = reason.context().maybe_written;
        let refusal = Refusal { code, said: Some(&said), records: &[], maybe_written };
        for Sent { place, serial, .. } in request.parts {
            self.came_back(now, place, serial, refusal);
            self.touch(now, place);
        }
        self.request_ended(now, request.node);
    }

    /// Time has passed: lingering ends, pauses end, deadlines pass.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(place) = self.timers.due(now) {
            self.expire(now, place);
            self.touch(now, place);
        }
        self.expire_delayed(now);
        self.wake_nodes(now);
        self.notice_overdue(now);
        self.expire_calls(now);
        self.admit(now);
        self.finish_flushes();
        self.finish_closing(now);
    }

    // -- what is to be done ---------------------------------------------------------------

    /// When [`Self::handle_timeout`] is to be called, if nothing else happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let timers = self.timers.next_event();
        timers
            .into_iter()
            .chain(self.calls.next_event())
            .chain(self.ending.next_event())
            .chain(self.questions.next_event())
            .chain(self.numbers.next_event())
            .chain(self.nodes.next_event())
            .chain(self.memory.next_event())
            .chain(self.pending.next_event())
            .min()
    }

    /// What the cluster is to be asked, until it answers or cannot be reached.
    pub fn poll_metadata(&mut self, now: Instant) -> Option<MetadataWanted> {
        if !self.questions.poll(now) {
            return None;
        }
        if self.asks_about_everything() {
            let topics = self.topics.iter().map(|topic| Arc::clone(&topic.name)).collect();
            return Some(MetadataWanted { topics, may_create: false, everything: true });
        }
        let wanted = self.wanted_topics();
        let mut topics = self.topics.iter().zip(&wanted);
        let creates = topics.any(|(topic, wanted)| topic.is_missed() || *wanted);
        let may_create = self.questions.may_create(creates, self.is_asked_for_topics());
        let topics = self.topics.iter().zip(&wanted);
        let asked = topics
            .filter(|(topic, wanted)| !may_create || topic.has_records() || **wanted)
            .map(|(topic, _)| Arc::clone(&topic.name))
            .collect();
        Some(MetadataWanted { topics: asked, may_create, everything: false })
    }

    /// Whether a broker is to be asked for a producer's id.
    pub fn poll_identity(&mut self, now: Instant) -> bool {
        self.numbers.poll(now)
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
        self.pending.asked();
        self.placing(ticket)
    }

    /// What [`Self::poll_placing`] would give: for the driver, who knows whom to wake for it.
    pub fn peek_placing(&mut self) -> Option<Placing<'_, W>> {
        let ticket = self.next_to_place()?;
        self.placing(ticket)
    }

    /// Something that ended.
    pub fn poll_settled(&mut self) -> Option<Settled<W>> {
        for waiter in self.memory.admitted() {
            self.told.call(waiter, Ok(()));
        }
        self.settle_wholes();
        self.told.pop()
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

    // -- looks ----------------------------------------------------------------------------

    /// How many partitions a topic has, for a caller who says himself where records go; `None`
    /// while that is not known or earlier records of the topic wait to be placed. A record that
    /// is handed over without a partition then waits behind them.
    pub fn partitions(&self, topic: &str) -> Option<i32> {
        let topic = &self.topics[self.topics.find(topic)?];
        let free = topic.is_known() && topic.unassigned.is_empty();
        free.then_some(topic.count as i32)
    }

    /// The partitions of a topic and who leads each; none while they are not known.
    pub fn leaders(&self, topic: &str) -> Vec<Option<NodeId>> {
        let known = self.topics.find(topic).map(|index| self.topics[index].usable());
        known.into_iter().flatten().map(|partition| partition.leader).collect()
    }

    /// The cluster as it last described itself after [`Self::describe_cluster`].
    pub fn described(&self) -> Option<Arc<ClusterDescription>> {
        self.questions.described()
    }

    /// Whether a record still waits for memory.
    pub fn waits_for_memory(&self, ticket: Ticket) -> bool {
        self.memory.is_waiting(ticket)
    }

    /// How many records that were handed over before a [flush](Self::flush) are not settled.
    pub fn unsettled_before(&self, before: Ticket) -> usize {
        let delayed = self.memory.waiting_before(before) + self.pending.before(before);
        let partitions = self.topics.iter().flat_map(|topic| &topic.partitions);
        let batches = partitions.flat_map(|partition| &partition.queue);
        let open = batches.flat_map(|batch| {
            let own = (!batch.is_given_up()).then_some((batch.ticket, batch.count()));
            own.into_iter().chain(batch.behind.iter().map(|ended| (ended.ticket, ended.count)))
        });
        let open = open.filter(|(ticket, _)| *ticket < before);
        delayed + open.map(|(_, count)| count as usize).sum::<usize>()
    }

    /// How many records were handed over and are not settled.
    pub fn unsettled(&self) -> usize {
        let unsettled = self.topics.iter().map(|topic| topic.records.unsettled());
        unsettled.sum::<u64>() as usize
    }

    /// Grows whenever a batch or a record that waited comes to its end.
    pub fn progress(&self) -> u64 {
        self.told.progress()
    }

    /// Whether every record and every call has been settled.
    pub fn is_idle(&self) -> bool {
        self.tickets.is_idle() && self.calls.is_empty()
    }

    /// Bytes of records that are held until they are acknowledged.
    pub fn memory_used(&self) -> usize {
        self.memory.used()
    }

    /// How many records wait for memory.
    pub fn waiting_for_memory(&self) -> usize {
        self.memory.waiting()
    }

    /// How many records were given up because the producer was closed.
    pub fn abandoned(&self) -> usize {
        self.told.abandoned()
    }

    /// Whether it was closed and there is nothing left to do.
    pub fn is_finished(&self) -> bool {
        self.ending.is_over()
    }

    /// Whether answers are to be waited for at all.
    pub fn is_acknowledged(&self) -> bool {
        self.config.acks != Acks::None
    }
}

/// What a response says of one batch. It names topics as the request did: by name, or by id.
fn answer_for<'a, W>(
    response: &'a ProduceResponse,
    topic: &Topic<W>,
    sent: Sent,
) -> Option<&'a PartitionProduced> {
    let mut answers = response
        .responses
        .iter()
        .filter(|answer| {
            if answer.name.is_empty() {
                answer.topic_id == sent.topic_id
            } else {
                *answer.name == *topic.name
            }
        })
        .flat_map(|answer| &answer.partition_responses);
    answers.find(|answer| answer.index == sent.place.partition as i32)
}

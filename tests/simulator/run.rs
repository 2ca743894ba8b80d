//! One run: the machine, the cluster and the network on a virtual clock. The scenario's seed
//! determines everything.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use dekaf::error::{Error, ErrorKind};
use dekaf::producer::{
    self, Machine, MetadataWanted, RequestId, SealedRequest, Settled, SettledBatch, Ticket, Turns,
};
use dekaf::protocol::ProduceResponse;
use dekaf::random::Random;

use dekaf::record::Compressor;

use super::cluster::{Answer, Answered, Cluster, NodeId, RequestHandle, Spread};
use super::counts::Seen;
use super::digest::Digest;
use super::driver::DriverTiming;
use super::extra::Extra;
use super::ledger::{Ledger, Waiter};
use super::logins::Logins;
use super::network::{LinkId, Lost, Network};
use super::pauses::Pauses;
use super::placing;
use super::rules::Rule;
use super::scenario::Scenario;
use super::topics::TopicMetadata;
use super::work::WholeCall;

#[derive(Debug)]
pub(super) enum Event {
    Connected(NodeId),
    ConnectFailed(NodeId),
    /// A request reaches a broker, or the broker continues with the next one.
    Arrived(LinkId),
    Produced(LinkId, RequestId, ProduceResponse),
    Written(RequestId),
    /// The client's timeout for an answer has passed.
    TimedOut(LinkId, RequestId),
    /// The client notices a closed connection.
    Ended(LinkId, Lost),
    /// The login of a connection must be renewed.
    LoginDue(LinkId),
    /// The broker has answered a renewal, or the client's wait for it ends.
    LoginAnswered(LinkId),
    Metadata(u64, Option<Answer>),
    Identity(u64, Option<Answer>),
    /// The caller is notified that records wait to be placed.
    CallerWoken,
    Placed(placing::Answer),
    Sealed(SealedRequest),
    /// The driver passes on the queued events.
    Woken,
    /// The driver learns late of requests that were lost with their connection.
    Lost(Lost),
    Work,
    Fault,
}

/// Steps between checks of the machine's metrics: a check takes as long as a step.
const CHECKED_STEPS: u64 = 10;

#[derive(Debug)]
pub(super) enum Asked {
    Produce(LinkId, RequestId),
    Metadata(u64),
    Identity(u64),
}

pub(crate) struct Run<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) machine: Machine<Waiter>,
    pub(super) cluster: Cluster,
    pub(super) network: Network,
    pub(super) ledger: Ledger,
    pub(super) turns: Turns,
    pub(super) timing: DriverTiming,
    /// Events that the driver has not passed on yet.
    pub(super) inbox: VecDeque<producer::Event>,
    pub(super) seen: Seen,
    pub(super) random: Random,
    /// For later additions to scenarios: see `extra.rs`.
    pub(super) extra: Random,
    pub(super) now: Duration,
    start: Instant,
    events: BTreeMap<(Duration, u64), Event>,
    planned: u64,
    steps: u64,
    pub(super) asked: BTreeMap<RequestHandle, Asked>,
    pub(super) questions: u64,
    /// The pending metadata request.
    pub(super) metadata: Option<(u64, MetadataWanted)>,
    /// The number of the last answered metadata request, and of the last one for all topics whose
    /// answer the machine has.
    pub(super) answered: u64,
    pub(super) described: u64,
    pub(super) identity: Option<u64>,
    /// Whether the caller has been woken up and has not yet placed the waiting records.
    pub(super) caller_is_woken: bool,
    pub(super) handed_over: u64,
    pub(super) faults_until: Duration,
    /// Tickets of records, for cancellation.
    pub(super) tickets: Vec<(Ticket, u64)>,
    /// Calls that wait for memory for an all-or-nothing batch, by number.
    pub(super) rooms: BTreeMap<u64, WholeCall>,
    pub(super) closed: bool,
    pub(super) pauses: Pauses,
    pub(super) logins: Logins,
    /// The last metadata that the machine received for each topic.
    pub(super) told: BTreeMap<String, TopicMetadata>,
    pub(super) compressor: Compressor,
    pub(super) trace: Option<Vec<String>>,
    pub(super) digest: Digest,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) violations: Vec<String>,
    /// The trace of all events, if requested.
    pub(crate) trace: Vec<String>,
    pub(crate) digest: Digest,
}

impl<'a> Run<'a> {
    pub(crate) fn new(scenario: &'a Scenario, traced: bool) -> Self {
        let mut random = Random::new(scenario.seed ^ 0x5eed_0f7e_57ed_d1ce);
        let mut cluster = Cluster::new(scenario.cluster.clone(), Random::new(random.next_u64()));
        for (name, settings) in &scenario.topics {
            cluster.create_topic(Duration::ZERO, name, *settings);
        }
        let mut run = Self {
            scenario,
            machine: Machine::with_rest(scenario.config.clone(), random.next_u64(), Waiter::rest),
            cluster,
            network: Network::default(),
            ledger: Ledger::new(scenario),
            turns: Turns::default(),
            timing: DriverTiming::new(scenario.seed),
            inbox: VecDeque::new(),
            seen: Seen::default(),
            random,
            extra: Extra::generator(!scenario.seed),
            now: Duration::ZERO,
            start: Instant::now(),
            events: BTreeMap::new(),
            planned: 0,
            steps: 0,
            asked: BTreeMap::new(),
            questions: 0,
            metadata: None,
            answered: 0,
            described: 0,
            identity: None,
            caller_is_woken: false,
            handed_over: 0,
            faults_until: Duration::MAX,
            tickets: Vec::new(),
            rooms: BTreeMap::new(),
            closed: false,
            pauses: Pauses::default(),
            logins: Logins::new(scenario.extra.refuses_logins),
            told: BTreeMap::new(),
            compressor: Compressor::new(),
            trace: traced.then(Vec::new),
            digest: Digest::default(),
        };
        // The digest includes debug notices.
        run.machine.set_verbose(Random::new(!scenario.seed).below(4) == 0);
        run.plan(Duration::ZERO, Event::Work);
        if let Some(faults) = scenario.faults {
            run.plan_after(faults, Event::Fault);
        }
        run
    }

    /// Runs to the end and returns the result.
    pub(crate) fn outcome(mut self) -> Outcome {
        self.pump();
        // Every record must end by its deadline, even without a healthy cluster.
        let limit = Duration::from_secs(3_600);
        while self.handed_over < self.scenario.records || !self.machine.is_idle() {
            if !self.step() {
                let what = "nothing is left to happen, and not all is settled";
                self.ledger.violation(Rule::Hang, what);
                break;
            }
            if self.now > limit {
                self.ledger.violation(Rule::Hang, "not all is settled after an hour");
                break;
            }
            if self.ledger.is_hopeless() || self.machine.is_finished() {
                break;
            }
        }
        self.finish()
    }

    fn finish(mut self) -> Outcome {
        if self.ledger.is_hopeless() {
            let (violations, trace) = (self.ledger.into_violations(), self.trace);
            return Outcome { violations, trace: trace.unwrap_or_default(), digest: self.digest };
        }
        self.check_counts();
        self.close(Duration::from_secs(1));
        self.pump();
        for _ in 0..100 {
            if self.machine.is_finished() || !self.step() {
                break;
            }
        }
        if !self.machine.is_finished() {
            self.ledger.violation(Rule::Hang, "closed, idle, and not finished");
        }
        if !self.rooms.is_empty() {
            let what = "a call that waits for room for a whole was not told of the end";
            self.ledger.violation(Rule::Settled, what);
        }
        if self.machine.memory_used() != 0 {
            let used = self.machine.memory_used();
            let what = format!("{used} bytes are still charged at the end");
            self.ledger.violation(Rule::Memory, &what);
        }
        self.check_counts();
        self.settle_cluster();
        let violations = self.ledger.check(self.scenario, &self.cluster);
        Outcome { violations, trace: self.trace.unwrap_or_default(), digest: self.digest }
    }

    pub(super) fn instant(&self) -> Instant {
        self.instant_at(self.now)
    }

    pub(super) fn instant_at(&self, at: Duration) -> Instant {
        self.start + at
    }

    pub(super) fn plan(&mut self, at: Duration, event: Event) {
        self.planned += 1;
        self.events.insert((at.max(self.now), self.planned), event);
    }

    pub(super) fn plan_after(&mut self, delay: Spread, event: Event) {
        let at = self.now + delay.sample(&mut self.random);
        self.plan(at, event);
    }

    pub(super) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            let line = format!("{:>12?} {}", self.now, what());
            trace.push(line);
        }
    }

    /// Processes the next event. Returns false if there is none.
    fn step(&mut self) -> bool {
        let machine =
            self.machine.poll_timeout().map(|at| at.saturating_duration_since(self.start));
        let planned = self.events.first_key_value().map(|((at, _), _)| *at);
        let next = [machine, planned, self.cluster.next_event()].into_iter().flatten().min();
        let Some(next) = next else { return false };
        self.now = self.now.max(next);
        for answered in self.cluster.poll(self.now) {
            self.answered(answered);
        }
        while let Some(entry) = self.events.first_entry().filter(|e| e.key().0 <= self.now) {
            let event = entry.remove();
            self.note(|| format!("{event:?}"));
            self.happen(event);
        }
        self.pump();
        self.steps += 1;
        if self.steps.is_multiple_of(CHECKED_STEPS) {
            self.check_counts();
        }
        true
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Connected(node) => {
                if self.cluster.connect(node) && !self.are_logins_refused() {
                    let link = self.network.connect(node);
                    self.begin_login(link);
                    self.enqueue_event(producer::Event::Connected(node));
                } else {
                    self.connect_failed(node);
                }
            }
            Event::ConnectFailed(node) => self.connect_failed(node),
            Event::Arrived(link) => {
                self.serve_next(link);
                self.go_on_with_login(link);
            }
            Event::Produced(link, id, response) => self.produced(link, id, response),
            Event::Written(id) => self.enqueue_event(producer::Event::Written(id)),
            Event::TimedOut(link, id) => {
                let open = self.network.link(link).is_some_and(|l| l.outstanding.contains(&id));
                if open {
                    self.cut(link);
                }
            }
            Event::LoginDue(link) => self.login_due(link),
            Event::LoginAnswered(link) => self.login_answered(link),
            Event::Ended(link, lost) => self.ended(link, lost),
            Event::Lost(lost) => self.lost(lost),
            Event::Sealed(sealed) => self.enqueue_event(producer::Event::Sealed(sealed)),
            Event::Woken => self.process_events(),
            Event::Metadata(question, answer) => self.described(question, answer),
            Event::Identity(question, answer) => self.identified(question, answer),
            Event::CallerWoken => self.place_waiting(),
            Event::Placed(answer) => self.place(answer),
            Event::Work => self.work(),
            Event::Fault => {
                if self.now < self.faults_until {
                    self.fault();
                    if let Some(faults) = self.scenario.faults {
                        self.plan_after(faults, Event::Fault);
                    }
                }
            }
        }
    }

    // -- the machine ------------------------------------------------------------------------

    /// Compares the machine's metrics with the observed events.
    fn check_counts(&mut self) {
        let (topics, config) = (self.ledger.topics(), &self.scenario.config);
        let lateness = self.timing.lateness() + self.longest_hold();
        for wrong in self.seen.disagreements(&self.machine, config, lateness, topics) {
            self.ledger.violation(Rule::Counts, &wrong);
        }
    }

    pub(super) fn settled(&mut self, settled: Settled<Waiter>) {
        self.note(|| format!("{settled:?}"));
        self.digest.settled(&settled);
        if let Settled::Call { waiter: Waiter::Admission(ticket), .. } = settled {
            let waits = self.machine.waits_for_memory(ticket);
            return self.ledger.admitted(ticket, waits);
        }
        if let Settled::Call { waiter: Waiter::Room(number), .. } = settled {
            return self.whole_fits(number);
        }
        if let Settled::Call { waiter: Waiter::Cluster(before), result } = &settled {
            let (before, is_described) = (*before, result.is_ok());
            let brokers = self.machine.described().map_or(0, |cluster| cluster.brokers.len());
            if is_described && (self.described <= before || brokers == 0) {
                let what =
                    format!("question {before} or an earlier one described {brokers} brokers");
                self.ledger.violation(Rule::Settled, &what);
            }
            return;
        }
        if let Settled::Batch(SettledBatch { outcome: Err(error), .. }) = &settled {
            self.check_fatal(error);
            self.check_refusal(error);
        }
        self.ledger.settled(self.now, settled, &self.cluster);
    }

    /// Checks that an error is fatal exactly if the machine accepts nothing more. Other records may
    /// fail in the same turn for another reason; their errors are not fatal.
    fn check_fatal(&mut self, error: &Error) {
        let what = match self.machine.check_open() {
            Ok(()) if error.fatal() => format!("the machine goes on after a fatal error: {error}"),
            Err(end) if !end.fatal() => format!("it is the end, and not fatal: {end}"),
            Err(end) if is_same(&end, error) && !error.fatal() => {
                format!("the machine ended with this, which is not fatal: {error}")
            }
            _ => return,
        };
        self.ledger.violation(Rule::Fatal, &what);
    }

    pub(super) fn any_broker(&mut self) -> Option<NodeId> {
        let up: Vec<NodeId> =
            (0..self.scenario.cluster.brokers).filter(|node| self.cluster.connect(*node)).collect();
        let choice = self.random.below(up.len().max(1) as u64) as usize;
        up.get(choice).copied()
    }

    // -- the cluster ------------------------------------------------------------------------

    fn serve_next(&mut self, id: LinkId) {
        let Some(link) = self.network.link_mut(id) else { return };
        let node = link.node;
        let Some((request_id, request)) = link.take_up(self.now) else { return };
        if link.is_expired {
            link.drop_under_way();
            return self.cut(id);
        }
        let handle = self.cluster.produce(self.now, node, request);
        if let Some(link) = self.network.link_mut(id) {
            link.serving = Some((handle, request_id));
        }
        self.asked.insert(handle, Asked::Produce(id, request_id));
        for answered in self.cluster.poll(self.now) {
            self.answered(answered);
        }
    }

    fn answered(&mut self, answered: Answered) {
        let Some(asked) = self.asked.remove(&answered.handle) else { return };
        let delay = self.scenario.network.sample(&mut self.random);
        let arrives = answered.at.max(self.now) + delay;
        match asked {
            Asked::Metadata(question) => {
                self.plan(arrives, Event::Metadata(question, Some(answered.answer)));
            }
            Asked::Identity(question) => {
                self.plan(arrives, Event::Identity(question, Some(answered.answer)));
            }
            Asked::Produce(id, request) => {
                let Some(link) = self.network.link_mut(id) else { return };
                link.serving = None;
                let alive = link.alive;
                let arrives = link.answer_arrives(arrives);
                self.plan(self.now, Event::Arrived(id));
                match answered.answer {
                    Answer::Produce(response) if alive => {
                        self.plan(arrives, Event::Produced(id, request, response));
                    }
                    Answer::Close if alive => self.cut(id),
                    _ => {}
                }
            }
        }
    }

    fn produced(&mut self, link: LinkId, id: RequestId, response: ProduceResponse) {
        let Some(open) = self.network.link_mut(link).filter(|link| link.alive) else { return };
        let first = open.outstanding.pop_front();
        assert_eq!(first, Some(id), "answers come in the order of the requests");
        self.enqueue_event(producer::Event::Produced(id, response));
        self.go_on_with_login(link);
    }

    pub(super) fn cut(&mut self, link: LinkId) {
        let Some(lost) = self.network.cut(link, &mut self.random) else { return };
        self.plan_after(self.scenario.network, Event::Ended(link, lost));
    }

    fn connect_failed(&mut self, node: NodeId) {
        self.enqueue_event(producer::Event::ConnectFailed(node, self.unreachable()));
    }

    fn ended(&mut self, link: LinkId, lost: Lost) {
        let Some(node) = self.network.link(link).map(|link| link.node) else { return };
        let disconnected = producer::Event::Disconnected(node);
        if self.timing.reports_disconnect_first() {
            self.enqueue_event(disconnected);
            let after = self.timing.pause();
            self.plan_after(after, Event::Lost(lost));
        } else {
            self.lost(lost);
            self.enqueue_event(disconnected);
        }
    }

    fn lost(&mut self, lost: Lost) {
        for (ids, may_be_written) in [(lost.sent, true), (lost.unsent, false)] {
            for id in ids {
                let error = disconnected().maybe_written(may_be_written);
                self.enqueue_event(producer::Event::Lost(id, error));
            }
        }
    }

    fn described(&mut self, question: u64, answer: Option<Answer>) {
        let Some((_, wanted)) = self.metadata.take_if(|(open, _)| *open == question) else {
            return;
        };
        self.answered = question;
        let described = match answer {
            Some(Answer::Metadata(response)) if !response.brokers.is_empty() => Ok(response),
            _ => Err(self.unreachable()),
        };
        self.enqueue_event(producer::Event::Answered(producer::Answer::Metadata(
            wanted, described,
        )));
    }

    fn identified(&mut self, question: u64, answer: Option<Answer>) {
        if self.identity.take_if(|open| *open == question).is_none() {
            return;
        }
        let identified = match answer {
            Some(Answer::InitProducerId(answer)) if answer.error_code.is_success() => {
                let (id, epoch) = (answer.producer_id, answer.producer_epoch);
                // Sometimes near the maximum, so that a producer id runs out of epochs.
                Ok((id, if self.random.below(4) == 0 { i16::MAX - 1 } else { epoch }))
            }
            Some(Answer::InitProducerId(answer)) => {
                Err(Error::new(ErrorKind::Broker, "no id").code(answer.error_code))
            }
            _ => Err(self.unreachable()),
        };
        self.enqueue_event(producer::Event::Answered(producer::Answer::ProducerId(identified)));
    }
}

/// Returns whether a record failed for the same reason as the machine.
fn is_same(end: &Error, error: &Error) -> bool {
    error.kind() == end.kind() && error.to_string().contains(&end.to_string())
}

pub(super) fn disconnected() -> Error {
    Error::new(ErrorKind::Disconnected, "the connection has ended")
}

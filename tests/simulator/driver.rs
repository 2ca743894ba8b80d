//! The driver of a run. It uses the production driver's turns with a simulated network, and
//! simulates the timing of threads and runtimes: sealing takes time and finishes in any order,
//! several events arrive at once, and a disconnect is reported before or after the requests lost
//! with it.

use std::time::Duration;

use dekaf::producer::{
    Answer, Content, Environment, Event, MetadataWanted, Notice, Outgoing, Question, RequestId,
    SealedRequest, Settled, Subject,
};
use dekaf::protocol::{
    InitProducerIdRequest, MetadataRequest, MetadataRequestTopic, PartitionProduceData,
    ProduceRequest, TopicProduceData,
};
use dekaf::random::Random;
use dekaf::record::SealedBatch;

use super::cluster::{NodeId, Spread};
use super::ledger::Waiter;
use super::network::Lost;
use super::run::{self, Asked, Run};

/// Milliseconds.
const LONGEST_SEALING: u64 = 3_000;
const LONGEST_PAUSE: u64 = 50;

/// Random timing of the driver. It has a separate generator, so that it does not change the rest of
/// the run.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each habit is independent of the others")]
pub(super) struct DriverTiming {
    random: Random,
    seals_late: bool,
    pauses: bool,
    reports_disconnect_first: bool,
    is_paused: bool,
}

impl DriverTiming {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x007a_61b1_750f_ad21);
        let mut one_in = |n: u64| random.below(n) == 0;
        let (seals_late, pauses, reports_disconnect_first) = (one_in(3), one_in(3), one_in(3));
        Self { random, seals_late, pauses, reports_disconnect_first, is_paused: false }
    }

    /// How much later than the broker's answer the machine may see it: sealing delays requests, and
    /// the driver takes in answers late.
    pub(super) fn lateness(&self) -> Duration {
        let sealing = if self.seals_late { LONGEST_SEALING } else { 0 };
        let pausing = if self.pauses { LONGEST_PAUSE } else { 0 };
        Duration::from_millis(sealing + pausing)
    }

    /// How long sealing takes on another thread; `None` means it completes immediately.
    fn sealing(&mut self) -> Option<Spread> {
        if !self.seals_late {
            return None;
        }
        match self.random.below(20) {
            0 => Some(Spread::millis(0, LONGEST_SEALING)),
            1..=10 => Some(Spread::millis(0, 40)),
            _ => None,
        }
    }

    pub(super) fn reports_disconnect_first(&mut self) -> bool {
        self.reports_disconnect_first && self.random.below(2) == 0
    }

    pub(super) fn pause(&mut self) -> Spread {
        Spread::millis(0, self.random.below(LONGEST_PAUSE))
    }

    /// Starts a random pause of the driver, unless one is in progress.
    fn start_pause(&mut self) -> Option<Spread> {
        if self.is_paused || !self.pauses || self.random.below(2) == 0 {
            return None;
        }
        self.is_paused = true;
        Some(self.pause())
    }
}

impl Run<'_> {
    /// Queues an event for the machine.
    pub(super) fn enqueue_event(&mut self, event: Event) {
        self.inbox.push_back(event);
        if let Some(pause) = self.timing.start_pause() {
            self.plan_after(pause, run::Event::Woken);
        }
        if !self.timing.is_paused {
            self.process_events();
        }
    }

    /// Passes all queued events to the machine.
    pub(super) fn process_events(&mut self) {
        self.timing.is_paused = false;
        let now = self.instant();
        while let Some(event) = self.inbox.pop_front() {
            self.count(&event);
            self.digest.time(self.now).event(&event);
            self.track_login_events(&event);
            let is_metadata = matches!(event, Event::Answered(Answer::Metadata(..)));
            let described = match &event {
                Event::Answered(Answer::Metadata(wanted, Ok(response))) => {
                    if wanted.everything {
                        self.described = self.answered;
                    }
                    Some(response.clone())
                }
                _ => None,
            };
            if let Event::Produced(id, response) = &event
                && self.random.below(50) == 0
            {
                // A duplicate event must not matter.
                let again = Event::Produced(*id, response.clone());
                self.turns.take_in(&mut self.machine, now, event);
                self.turns.take_in(&mut self.machine, now, again);
            } else {
                self.turns.take_in(&mut self.machine, now, event);
            }
            if is_metadata {
                self.begin_pause();
            }
            if let Some(response) = described {
                self.told(&response);
            }
        }
    }

    fn count(&mut self, event: &Event) {
        match event {
            Event::Produced(_, response) => self.seen.answer(response),
            Event::Written(_) => self.seen.written += 1,
            Event::Lost(..) => self.seen.lost += 1,
            Event::ConnectFailed(..) => self.seen.connect_failures += 1,
            Event::Disconnected(_) => self.seen.disconnects += 1,
            Event::Sealed(sealed) => self.seen.sealed(sealed.id),
            _ => {}
        }
    }

    /// Runs the machine until it has nothing more to do.
    pub(super) fn pump(&mut self) {
        loop {
            let now = self.instant();
            let Some(turn) = self.turns.look(&mut self.machine, now) else {
                return self.settle_last();
            };
            let is_idle = turn.is_idle();
            let timeout = turn.timeout().map(|at| at.saturating_duration_since(now));
            self.digest.time(self.now).time(timeout.unwrap_or(Duration::MAX));
            let mut turns = std::mem::take(&mut self.turns);
            turns.act(turn, self);
            self.turns = turns;
            let (used, limit) = (self.machine.memory_used(), self.scenario.config.buffer_memory);
            if used > limit {
                self.ledger.over_limit(used, limit, &self.machine.metrics());
            }
            if is_idle {
                self.check_doomed();
                return;
            }
        }
    }

    /// Takes the last settled records of a finished machine.
    fn settle_last(&mut self) {
        while let Some(settled) = self.machine.poll_settled() {
            self.settled(settled);
        }
    }

    fn ask(&mut self, ask: impl FnOnce(&mut Self, NodeId, u64), unheard: run::Event) {
        let question = self.questions;
        let broker = if self.are_logins_refused() { None } else { self.any_broker() };
        match broker {
            Some(node) => {
                ask(self, node, question);
                let until = self.now + self.scenario.config.request_timeout;
                self.plan(until, unheard);
            }
            None => self.plan_after(self.scenario.network, unheard),
        }
    }
}

impl Environment<Waiter> for Run<'_> {
    fn settle(&mut self, settled: Vec<Settled<Waiter>>) {
        for settled in settled {
            self.settled(settled);
        }
    }

    fn note(&mut self, notice: Notice) {
        self.digest.notice(&notice);
        Run::note(self, || format!("says {notice:?}"));
    }

    fn ask_where(&mut self) {
        self.digest.name("asks where");
        self.wake_caller();
    }

    fn disconnect(&mut self, node: NodeId) {
        self.digest.name("disconnects").number(node);
        if let Some(link) = self.network.to(node) {
            self.cut(link);
        }
    }

    fn connect(&mut self, node: NodeId) {
        self.digest.name("connects").number(node);
        self.check_login(Some(node));
        let up = self.cluster.connect(node) && !self.are_logins_refused();
        let event = if up { run::Event::Connected(node) } else { run::Event::ConnectFailed(node) };
        self.plan_after(self.scenario.network, event);
    }

    fn ask(&mut self, question: Question) {
        match question.what {
            Subject::Metadata(wanted) => self.describe(wanted),
            Subject::ProducerId => self.identify(),
        }
    }

    fn seal(&mut self, request: Outgoing) -> Option<SealedRequest> {
        let Outgoing { id, node, parts } = request;
        self.seen.requests += 1;
        self.note(|| {
            let parts =
                parts.iter().map(|p| format!("{}/{} {:?}", p.topic, p.partition, p.identity));
            format!("request {id} to {node}: {}", parts.collect::<Vec<_>>().join(", "))
        });
        let compression = self.scenario.config.compression;
        let mut batches = Vec::new();
        for part in parts {
            let is_open = matches!(part.content, Content::Open(_));
            let batch = part.seal(compression, &mut self.compressor);
            self.seen.batch(id, is_open, batch.batch.size());
            batches.push(batch);
        }
        let sealed = SealedRequest { id, node, batches };
        self.digest.name("sends").request(&sealed);
        match self.timing.sealing() {
            None => Some(sealed),
            Some(time) => {
                self.plan_after(time, run::Event::Sealed(sealed));
                None
            }
        }
    }

    fn hand_back(&mut self, id: RequestId, batches: Vec<SealedBatch>) {
        let now = self.instant();
        self.seen.sealed(id);
        self.digest.handed_back(id, &batches);
        self.machine.handle_sealed(now, id, batches);
    }

    fn send(&mut self, request: SealedRequest) {
        let SealedRequest { id, node, batches } = request;
        let by_id = self.scenario.by_id && batches.iter().all(|part| part.topic_id != 0);
        let mut topics: Vec<TopicProduceData> = Vec::new();
        for part in batches {
            let data = PartitionProduceData {
                index: part.partition,
                records: Some(part.batch.to_bytes(part.identity)),
            };
            let is_same = |topic: &&mut TopicProduceData| {
                topic.topic_id == part.topic_id && (by_id || *topic.name == *part.topic)
            };
            match topics.last_mut().filter(is_same) {
                Some(topic) => topic.partition_data.push(data),
                None => topics.push(TopicProduceData {
                    name: if by_id { String::new() } else { part.topic.to_string() },
                    topic_id: part.topic_id,
                    partition_data: vec![data],
                }),
            }
        }
        let request = ProduceRequest {
            transactional_id: None,
            acks: self.scenario.config.acks.code(),
            timeout_ms: self.scenario.config.request_timeout.as_millis() as i32,
            topic_data: topics,
        };
        self.send_to(node, id, request);
    }
}

impl Run<'_> {
    /// Sends a request on the connection to a broker, or holds it there.
    pub(super) fn send_to(&mut self, node: NodeId, id: RequestId, request: ProduceRequest) {
        let arrives = self.now + self.scenario.network.sample(&mut self.random);
        let Some(link_id) = self.network.to(node) else {
            let lost = Lost { sent: vec![id], ..Lost::default() };
            return self.plan(self.now, run::Event::Lost(lost));
        };
        let Some(link) = self.network.link_mut(link_id) else { return };
        if link.hold.is_some() {
            return link.send_later(id, request);
        }
        let arrives = link.send(arrives, id, request);
        self.plan(arrives, run::Event::Arrived(link_id));
        if self.machine.is_acknowledged() {
            let until = self.now + self.scenario.config.request_timeout;
            self.plan(until, run::Event::TimedOut(link_id, id));
        } else {
            if let Some(link) = self.network.link_mut(link_id) {
                link.outstanding.retain(|other| *other != id);
            }
            self.plan(self.now, run::Event::Written(id));
        }
    }

    fn describe(&mut self, wanted: MetadataWanted) {
        self.digest.name("describes").wanted(&wanted);
        self.check_question(&wanted);
        self.check_pause();
        self.check_login(None);
        self.questions += 1;
        let name = |name: &std::sync::Arc<str>| MetadataRequestTopic {
            topic_id: 0,
            name: Some(name.to_string()),
        };
        let request = MetadataRequest {
            topics: (!wanted.everything).then(|| wanted.topics.iter().map(name).collect()),
            allow_auto_topic_creation: wanted.may_create,
            ..Default::default()
        };
        let question = self.questions;
        self.metadata = Some((question, wanted));
        let ask = |run: &mut Self, node, question| {
            let handle = run.cluster.metadata(run.now, node, request);
            run.asked.insert(handle, Asked::Metadata(question));
        };
        self.ask(ask, run::Event::Metadata(question, None));
    }

    fn identify(&mut self) {
        self.digest.name("identifies");
        self.questions += 1;
        let question = self.questions;
        self.identity = Some(question);
        let ask = |run: &mut Self, node, question| {
            let request = InitProducerIdRequest::default();
            let handle = run.cluster.init_producer_id(run.now, node, request);
            run.asked.insert(handle, Asked::Identity(question));
        };
        self.ask(ask, run::Event::Identity(question, None));
    }
}

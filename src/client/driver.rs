//! The driver: does what the machine asks for, reports the outcome to it, and sleeps in between.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking, spawn_local};
use tokio::time::sleep_until;

use super::brokers::Brokers;
use super::sealer::{seal, takes_long};
use super::shared_machine::SharedMachine;
use super::sink::Sink;
use super::turn_signal::TurnSignal;
use crate::cluster::NodeId;
use crate::config::{Acks, Codec, Compression, Config};
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::net::{Link, PendingAnswer, Program, ProgramRequest, SecurityCounts};
use crate::producer::{
    Environment, Event, Notice, Outgoing, PartitionBatch, Question, RequestId, SealedRequest,
    Settled, Severity, Turns, encode_produce,
};
use crate::protocol::{PRODUCE_BY_TOPIC_ID, PRODUCE_ZSTD, ProduceRequest, decode_response};
use crate::record::SealedBatch;

/// An event for the machine, with the parts that only the driver needs.
#[derive(Debug)]
enum News {
    Event(Event),
    Connected(NodeId, Rc<Link>),
    Sealed(Result<SealedRequest, JoinError>),
}

/// A connection's message to the program. The driver passes it to the sink.
#[derive(Debug)]
enum ProgramMessage {
    Request(ProgramRequest),
    Warning(String),
}

/// Sends connections' messages to the driver.
#[derive(Debug)]
struct ProgramChannel(mpsc::UnboundedSender<ProgramMessage>);

impl ProgramChannel {
    fn send(&self, message: ProgramMessage) {
        // This fails only if the driver has ended, and connections end with it.
        let _ended = self.0.send(message);
    }
}

impl Program for ProgramChannel {
    fn ask(&self, request: ProgramRequest) {
        self.send(ProgramMessage::Request(request));
    }

    fn warn(&self, line: String) {
        self.send(ProgramMessage::Warning(line));
    }
}

#[derive(Debug)]
struct SentRequest {
    id: RequestId,
    answer: PendingAnswer,
    /// The version of the response; `None` if the request has no response.
    version: Option<i16>,
}

/// A connection for producing.
#[derive(Debug)]
struct Lane {
    link: Rc<Link>,
    /// Requests in the order in which they were sent, for [`listen`].
    sent: mpsc::UnboundedSender<SentRequest>,
}

/// Runs until the machine is finished. The caller delivers the last results, after it has ended the
/// tasks that were spawned here.
pub(super) async fn drive<W: Send + 'static>(
    shared: &SharedMachine<W>,
    signal: &TurnSignal,
    sink: &impl Sink<W>,
    config: &Config,
    counts: &Arc<SecurityCounts>,
) {
    let (news, mut happened) = mpsc::unbounded_channel();
    let (program, mut messages) = mpsc::unbounded_channel();
    let mut turns = Turns::default();
    let mut env = DriverEnv {
        shared,
        signal,
        sink,
        brokers: Rc::new(Brokers::new(config, ProgramChannel(program), counts)),
        lanes: HashMap::new(),
        news,
        client_id: config.client_id.as_str().into(),
        timeout_ms: config.request_timeout.as_millis() as i32,
        acks: config.acks,
        compression: config.compression,
    };
    loop {
        let Some(turn) = turns.look(&mut shared.driven(), Instant::now()) else { return };
        let timeout = turn.timeout();
        turns.act(turn, &mut env);
        tokio::select! {
            () = shared.woken() => {}
            Some(message) = messages.recv() => match message {
                ProgramMessage::Request(request) => sink.provide(request),
                ProgramMessage::Warning(text) => {
                    sink.note(Notice { severity: Severity::Warning, text });
                }
            },
            Some(first) = happened.recv() => {
                let mut machine = shared.driven();
                let now = Instant::now();
                let mut next = Some(first);
                while let Some(news) = next {
                    let event = env.handle_news(news);
                    turns.take_in(&mut machine, now, event);
                    next = happened.try_recv().ok();
                }
            }
            () = until(timeout) => {}
        }
    }
}

async fn until(timeout: Option<Instant>) {
    match timeout {
        Some(timeout) => sleep_until(timeout.into()).await,
        None => std::future::pending().await,
    }
}

/// The machine's environment: the cluster and the callers.
struct DriverEnv<'a, W, S> {
    shared: &'a SharedMachine<W>,
    signal: &'a TurnSignal,
    sink: &'a S,
    brokers: Rc<Brokers>,
    /// Connections for producing, by broker id.
    lanes: HashMap<NodeId, Lane>,
    news: mpsc::UnboundedSender<News>,
    client_id: Rc<str>,
    timeout_ms: i32,
    acks: Acks,
    compression: Compression,
}

impl<W: Send + 'static, S: Sink<W>> Environment<W> for DriverEnv<'_, W, S> {
    fn settle(&mut self, settled: Vec<Settled<W>>) {
        self.signal.notify();
        if !settled.is_empty() {
            self.sink.settle(settled);
        }
    }

    fn note(&mut self, notice: Notice) {
        self.sink.note(notice);
    }

    fn ask_where(&mut self) {
        self.sink.ask_where();
    }

    fn disconnect(&mut self, node: NodeId) {
        if let Some(lane) = self.lanes.get(&node) {
            lane.link.abort();
        }
    }

    fn connect(&mut self, node: NodeId) {
        let brokers = Rc::clone(&self.brokers);
        self.spawn(async move {
            match brokers.connect(node).await {
                Ok(link) => News::Connected(node, Rc::new(link)),
                Err(error) => News::Event(Event::ConnectFailed(node, error)),
            }
        });
    }

    fn ask(&mut self, question: Question) {
        let brokers = Rc::clone(&self.brokers);
        self.spawn(async move { News::Event(Event::Answered(brokers.answer(question).await)) });
    }

    /// Seals on this thread, or on another one if that takes long.
    fn seal(&mut self, request: Outgoing) -> Option<SealedRequest> {
        let compression = self.compression;
        let Outgoing { id, node, parts } = request;
        if !takes_long(&parts, compression) {
            return Some(SealedRequest { id, node, batches: seal(parts, compression) });
        }
        let sealing =
            spawn_blocking(move || SealedRequest { id, node, batches: seal(parts, compression) });
        self.spawn(async move { News::Sealed(sealing.await) });
        None
    }

    fn hand_back(&mut self, id: RequestId, batches: Vec<SealedBatch>) {
        self.shared.driven().handle_sealed(Instant::now(), id, batches);
        if self.compression != Compression::NONE {
            // Compression has freed memory, and records may be waiting for it.
            self.shared.wake();
        }
    }

    fn send(&mut self, SealedRequest { id, node, batches }: SealedRequest) {
        let sent = match self.lanes.get(&node) {
            Some(lane) => self.send_on(lane, id, &batches),
            None => Err(gone()),
        };
        if let Err(error) = sent {
            self.report(Event::Lost(id, error));
        }
    }
}

impl<W, S> DriverEnv<'_, W, S> {
    fn send_on(&self, lane: &Lane, id: RequestId, batches: &[PartitionBatch]) -> Result<()> {
        let mut version = lane.link.versions().best::<ProduceRequest>()?;
        if batches.iter().any(|batch| batch.topic_id == 0) {
            version = version.min(PRODUCE_BY_TOPIC_ID - 1);
        }
        if version < PRODUCE_ZSTD && self.compression.codec() == Codec::Zstd {
            return Err(no_zstd());
        }
        let encode = |correlation_id| {
            let acks = self.acks.code();
            encode_produce(batches, version, correlation_id, &self.client_id, acks, self.timeout_ms)
        };
        let (answer, version) = match self.acks {
            Acks::None => (lane.link.send_unanswered(encode), None),
            _ => (lane.link.send(encode), Some(version)),
        };
        // The listener stops once the connection is closed, before the lane is removed. Nothing was
        // sent then.
        lane.sent.send(SentRequest { id, answer, version }).map_err(|_| gone())
    }

    /// Spawns `work` as a task. The driver receives its result as news.
    fn spawn(&self, work: impl Future<Output = News> + 'static) {
        let news = self.news.clone();
        spawn_local(async move {
            // This fails only if the driver has ended, and its tasks end with it.
            let _ended = news.send(work.await);
        });
    }

    fn report(&self, event: Event) {
        let _ended = self.news.send(News::Event(event));
    }

    /// Updates the driver's own state, and returns the event for the machine.
    fn handle_news(&mut self, news: News) -> Event {
        match news {
            News::Connected(node, link) => {
                let (sent, queue) = mpsc::unbounded_channel();
                spawn_local(listen(node, Rc::clone(&link), queue, self.news.clone()));
                self.lanes.insert(node, Lane { link, sent });
                Event::Connected(node)
            }
            News::Sealed(Ok(sealed)) => Event::Sealed(sealed),
            // A bug in dekaf: the driver panics with the thread that sealed.
            News::Sealed(Err(panicked)) => resume_unwind(panicked.into_panic()),
            News::Event(event) => {
                match &event {
                    Event::Disconnected(node) => drop(self.lanes.remove(node)),
                    Event::Produced(_, response) => {
                        self.brokers.learn(response.node_endpoints.as_deref().unwrap_or_default());
                    }
                    _ => {}
                }
                event
            }
        }
    }
}

/// Reports the outcomes of a connection's requests, in the order in which they were sent, then the
/// end of the connection. One task reports all of them: with a task for each, the runtime decides
/// which outcome is reported first, and records of a partition complete out of order.
async fn listen(
    node: NodeId,
    link: Rc<Link>,
    mut sent: mpsc::UnboundedReceiver<SentRequest>,
    news: mpsc::UnboundedSender<News>,
) {
    let report = |event| {
        // This fails only if the driver has ended, and its tasks end with it.
        let _ended = news.send(News::Event(event));
    };
    loop {
        let next = tokio::select! {
            biased;
            next = sent.recv() => next,
            () = link.closed() => None,
        };
        let Some(next) = next else { break };
        report(outcome(next).await);
    }
    sent.close();
    while let Some(next) = sent.recv().await {
        report(outcome(next).await);
    }
    report(Event::Disconnected(node));
}

async fn outcome(SentRequest { id, answer, version }: SentRequest) -> Event {
    match (answer.wait().await, version) {
        (Err(error), _) => Event::Lost(id, error),
        (Ok(_), None) => Event::Written(id),
        (Ok(frame), Some(version)) => match decode_response::<ProduceRequest>(&frame, version) {
            Ok(response) => Event::Produced(id, response),
            Err(error) => {
                let error = Error::new(ErrorKind::Protocol, error.to_string());
                Event::Lost(id, error.maybe_written(true))
            }
        },
    }
}

fn gone() -> Error {
    Error::new(ErrorKind::Disconnected, "the connection has ended")
}

fn no_zstd() -> Error {
    let message =
        "zstd needs Kafka 2.1 or later, and this broker is older; use lz4, gzip or snappy";
    let error = Error::new(ErrorKind::UnsupportedVersion, message);
    error.code(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE)
}

//! Turns the machine: does what it wants done, tells it what came of it, sleeps in between.

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking, spawn_local};
use tokio::time::sleep_until;

use super::brokers::Brokers;
use super::handle::Sink;
use super::outbox::{Outbox, Sealed};
use super::room::Room;
use super::sealer::{seal, takes_long};
use super::turned::Turned;
use crate::config::{Acks, Codec, Compression, Config};
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::net::Link;
use crate::producer::{
    Machine, MetadataWanted, Outgoing, PartitionBatch, RequestId, encode_produce,
};
use crate::protocol::{
    MetadataResponse, PRODUCE_BY_TOPIC_ID, PRODUCE_ZSTD, ProduceRequest, ProduceResponse,
    decode_response,
};
use crate::record::SealedBatch;

/// What happened outside.
#[derive(Debug)]
enum Event {
    Described(MetadataWanted, Result<MetadataResponse>),
    Connected(i32, Rc<Link>),
    ConnectFailed(i32, Error),
    Disconnected(i32),
    Identified(Result<(i64, i16)>),
    Sealed(Result<Sealed, JoinError>),
    Produced(RequestId, ProduceResponse),
    Written(RequestId),
    Lost(RequestId, Error),
}

/// What the machine wants done in one turn.
struct Turn {
    connects: Vec<i32>,
    disconnects: Vec<i32>,
    identity: bool,
    requests: Vec<Outgoing>,
    metadata: Option<MetadataWanted>,
    timeout: Option<Instant>,
    /// Whether records wait for their caller to say where they go.
    asks_where: bool,
}

/// Runs until the machine is finished. What was settled last is left for the caller, who first
/// ends the tasks that this has spawned.
pub(super) async fn drive<W: Send + 'static>(
    turned: &Turned<W>,
    room: &Room,
    sink: &impl Sink<W>,
    config: &Config,
) {
    let (events, mut happened) = mpsc::unbounded_channel();
    let outside = Outside {
        brokers: Rc::new(Brokers::new(config)),
        links: RefCell::default(),
        events,
        client_id: config.client_id.as_str().into(),
        timeout_ms: config.request_timeout.as_millis() as i32,
        acks: config.acks,
        compression: config.compression,
        outbox: RefCell::default(),
    };
    loop {
        let mut settled = Vec::new();
        let mut unpinned = Vec::new();
        let turn = {
            let mut machine = turned.machine();
            let now = Instant::now();
            machine.handle_timeout(now);
            if machine.is_finished() {
                return;
            }
            settled.extend(std::iter::from_fn(|| machine.poll_settled()));
            unpinned.extend(std::iter::from_fn(|| machine.poll_unpinned()));
            Turn {
                connects: std::iter::from_fn(|| machine.poll_connect()).collect(),
                disconnects: std::iter::from_fn(|| machine.poll_disconnect()).collect(),
                identity: machine.poll_identity(now),
                requests: std::iter::from_fn(|| machine.poll_request(now)).collect(),
                metadata: machine.poll_metadata(now),
                asks_where: machine.peek_placing().is_some(),
                timeout: machine.poll_timeout(),
            }
        };
        drop(unpinned);
        room.call();
        if !settled.is_empty() {
            sink.settle(settled);
        }
        if turn.asks_where {
            sink.ask_where();
        }
        let timeout = turn.timeout;
        outside.act(turned, turn);
        tokio::select! {
            () = turned.woken() => {}
            Some(event) = happened.recv() => {
                let mut machine = turned.machine();
                let now = Instant::now();
                outside.take_in(&mut machine, now, event);
                while let Ok(event) = happened.try_recv() {
                    outside.take_in(&mut machine, now, event);
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

/// The cluster, as the driver deals with it.
struct Outside {
    brokers: Rc<Brokers>,
    /// Connections for producing, by the broker's id.
    links: RefCell<HashMap<i32, Rc<Link>>>,
    events: mpsc::UnboundedSender<Event>,
    client_id: Rc<str>,
    timeout_ms: i32,
    acks: Acks,
    compression: Compression,
    outbox: RefCell<Outbox>,
}

impl Outside {
    fn act<W>(&self, turned: &Turned<W>, turn: Turn) {
        for node in turn.disconnects {
            if let Some(link) = self.links.borrow().get(&node) {
                link.abort();
            }
        }
        for node in turn.connects {
            let brokers = Rc::clone(&self.brokers);
            self.spawn(async move {
                match brokers.connect(node).await {
                    Ok(link) => Event::Connected(node, Rc::new(link)),
                    Err(error) => Event::ConnectFailed(node, error),
                }
            });
        }
        if let Some(wanted) = turn.metadata {
            let brokers = Rc::clone(&self.brokers);
            self.spawn(async move {
                let response = brokers.describe(&wanted).await;
                Event::Described(wanted, response)
            });
        }
        if turn.identity {
            let brokers = Rc::clone(&self.brokers);
            self.spawn(async move { Event::Identified(brokers.init_producer_id().await) });
        }
        for request in turn.requests {
            self.seal(turned, request);
        }
        while let Some(sealed) = self.next_sealed() {
            self.send(sealed);
        }
    }

    fn next_sealed(&self) -> Option<Sealed> {
        self.outbox.borrow_mut().pop()
    }

    /// Seals a request's batches: here, or on another core if that takes long.
    fn seal<W>(&self, turned: &Turned<W>, request: Outgoing) {
        let Outgoing { id, node, parts } = request;
        let compression = self.compression;
        if takes_long(&parts, compression) {
            self.outbox.borrow_mut().reserve(node, id);
            let sealing = spawn_blocking(move || {
                let batches = seal(parts, compression);
                Sealed { id, node, batches }
            });
            self.spawn(async move { Event::Sealed(sealing.await) });
        } else {
            let batches = seal(parts, compression);
            turned.machine().handle_sealed(Instant::now(), id, only_batches(&batches));
            self.outbox.borrow_mut().push(Sealed { id, node, batches });
            if compression != Compression::NONE {
                // Sealing has set memory free, and with it perhaps those who wait for some.
                turned.wake();
            }
        }
    }

    /// Sends what is sealed.
    fn send(&self, Sealed { id, node, batches }: Sealed) {
        let link = self.links.borrow().get(&node).cloned();
        let sent = link.ok_or_else(gone).and_then(|link| {
            let mut version = link.versions().best::<ProduceRequest>()?;
            if batches.iter().any(|batch| batch.topic_id == 0) {
                version = version.min(PRODUCE_BY_TOPIC_ID - 1);
            }
            if version < PRODUCE_ZSTD && self.compression.codec() == Codec::Zstd {
                return Err(no_zstd());
            }
            let encode = |correlation_id| {
                let acks = self.acks.code();
                encode_produce(
                    &batches,
                    version,
                    correlation_id,
                    &self.client_id,
                    acks,
                    self.timeout_ms,
                )
            };
            Ok(match self.acks {
                Acks::None => (link.send_unanswered(encode), None),
                _ => (link.send(encode), Some(version)),
            })
        });
        self.spawn(async move {
            let (answer, version) = match sent {
                Ok(sent) => sent,
                Err(error) => return Event::Lost(id, error),
            };
            match (answer.wait().await, version) {
                (Err(error), _) => Event::Lost(id, error),
                (Ok(_), None) => Event::Written(id),
                (Ok(frame), Some(version)) => {
                    match decode_response::<ProduceRequest>(&frame, version) {
                        Ok(response) => Event::Produced(id, response),
                        Err(error) => {
                            let error = Error::new(ErrorKind::Protocol, error.to_string());
                            Event::Lost(id, error.maybe_written(true))
                        }
                    }
                }
            }
        });
    }

    /// Runs `work` beside the driver; what it brings comes back as an event.
    fn spawn(&self, work: impl Future<Output = Event> + 'static) {
        let events = self.events.clone();
        spawn_local(async move {
            // The driver listens for as long as it lives, and with it ends everything here.
            let _ended = events.send(work.await);
        });
    }

    fn take_in<W>(&self, machine: &mut Machine<W>, now: Instant, event: Event) {
        match event {
            Event::Described(wanted, Ok(response)) => {
                machine.handle_metadata(now, &wanted, &response);
            }
            Event::Described(_, Err(error)) => machine.handle_metadata_failed(now, error),
            Event::Connected(node, link) => {
                machine.handle_connected(node);
                let watched = Rc::clone(&link);
                self.links.borrow_mut().insert(node, link);
                self.spawn(async move {
                    watched.closed().await;
                    Event::Disconnected(node)
                });
            }
            Event::ConnectFailed(node, error) => machine.handle_connect_failed(now, node, error),
            Event::Disconnected(node) => {
                self.links.borrow_mut().remove(&node);
                machine.handle_disconnected(now, node);
            }
            Event::Identified(Ok((id, epoch))) => machine.handle_identity(now, id, epoch),
            Event::Identified(Err(error)) => machine.handle_identity_failed(now, error),
            Event::Sealed(Ok(sealed)) => {
                machine.handle_sealed(now, sealed.id, only_batches(&sealed.batches));
                self.outbox.borrow_mut().fill(sealed);
            }
            // A defect of ours: the driver ends as if it had met it itself.
            Event::Sealed(Err(panicked)) => resume_unwind(panicked.into_panic()),
            Event::Produced(id, response) => {
                self.brokers.learn(response.node_endpoints.as_deref().unwrap_or_default());
                machine.handle_produced(now, id, &response);
            }
            Event::Written(id) => machine.handle_written(now, id),
            Event::Lost(id, error) => machine.handle_lost(now, id, &error),
        }
    }
}

/// What the machine keeps of a request, for another try.
fn only_batches(sealed: &[PartitionBatch]) -> Vec<SealedBatch> {
    sealed.iter().map(|part| part.batch.clone()).collect()
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

//! Turns the machine: does what it wants done, tells it what came of it, sleeps in between.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::task::spawn_local;
use tokio::time::sleep_until;

use super::brokers::Brokers;
use super::handle::{Shared, Sink};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::net::Link;
use crate::producer::{Machine, MetadataWanted, Outgoing, RequestId, encode_produce};
use crate::protocol::{MetadataResponse, ProduceRequest, ProduceResponse, decode_response};

/// What happened outside.
#[derive(Debug)]
enum Event {
    Described(MetadataWanted, Result<MetadataResponse>),
    Connected(i32, Rc<Link>),
    ConnectFailed(i32, Error),
    Disconnected(i32),
    Produced(RequestId, Result<ProduceResponse>),
}

/// What the machine wants done in one turn.
struct Turn {
    connects: Vec<i32>,
    requests: Vec<Outgoing>,
    metadata: Option<MetadataWanted>,
    timeout: Option<Instant>,
}

/// Runs until the machine is finished. What was settled last is left for the caller, who first
/// ends the tasks that this has spawned.
pub(super) async fn drive<W: Send + 'static>(
    shared: &Shared<W>,
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
    };
    loop {
        let mut settled = Vec::new();
        let turn = {
            let mut machine = shared.machine();
            let now = Instant::now();
            machine.handle_timeout(now);
            if machine.is_finished() {
                return;
            }
            settled.extend(std::iter::from_fn(|| machine.poll_settled()));
            Turn {
                connects: std::iter::from_fn(|| machine.poll_connect()).collect(),
                requests: std::iter::from_fn(|| machine.poll_request(now)).collect(),
                metadata: machine.poll_metadata(now),
                timeout: machine.poll_timeout(),
            }
        };
        if !settled.is_empty() {
            sink.settle(settled);
        }
        outside.act(turn.connects, turn.requests, turn.metadata);
        tokio::select! {
            () = shared.wake.notified() => {}
            Some(event) = happened.recv() => {
                let mut machine = shared.machine();
                let now = Instant::now();
                outside.take_in(&mut machine, now, event);
                while let Ok(event) = happened.try_recv() {
                    outside.take_in(&mut machine, now, event);
                }
            }
            () = until(turn.timeout) => {}
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
}

impl Outside {
    fn act(&self, connects: Vec<i32>, requests: Vec<Outgoing>, wanted: Option<MetadataWanted>) {
        for node in connects {
            let brokers = Rc::clone(&self.brokers);
            self.spawn(async move {
                match brokers.connect(node).await {
                    Ok(link) => Event::Connected(node, Rc::new(link)),
                    Err(error) => Event::ConnectFailed(node, error),
                }
            });
        }
        if let Some(wanted) = wanted {
            let brokers = Rc::clone(&self.brokers);
            self.spawn(async move {
                let response = brokers.describe(&wanted).await;
                Event::Described(wanted, response)
            });
        }
        for request in requests {
            self.produce(request);
        }
    }

    fn produce(&self, request: Outgoing) {
        let Outgoing { id, node, batches } = request;
        let link = self.links.borrow().get(&node).cloned();
        let sent = link.ok_or_else(gone).and_then(|link| {
            let version = link.versions().best::<ProduceRequest>()?;
            let answer = link.send(|correlation_id| {
                encode_produce(
                    &batches,
                    version,
                    correlation_id,
                    &self.client_id,
                    ACKS_ALL,
                    self.timeout_ms,
                )
            });
            Ok((answer, version))
        });
        self.spawn(async move {
            let response = match sent {
                Ok((answer, version)) => answer.wait().await.and_then(|frame| {
                    decode_response::<ProduceRequest>(&frame, version)
                        .map_err(|error| Error::new(ErrorKind::Protocol, error.to_string()))
                }),
                Err(error) => Err(error),
            };
            Event::Produced(id, response)
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
            Event::Produced(id, Ok(response)) => machine.handle_produced(now, id, &response),
            Event::Produced(id, Err(error)) => machine.handle_lost(now, id, &error),
        }
    }
}

const ACKS_ALL: i16 = -1;

fn gone() -> Error {
    Error::new(ErrorKind::Disconnected, "the connection has ended")
}

//! Brokers: their addresses, connecting to one, and asking any of them for metadata or a producer
//! id.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::config::{Address, Config};
use crate::error::{Error, ErrorKind, Result};
use crate::net::{
    Link, LinkSecurity, LinkSettings, PipelineSettings, Program, SecurityCounts, first_of,
};
use crate::producer::{Answer, MetadataWanted, Question, Recipient, Subject};
use crate::protocol::{
    InitProducerIdRequest, MetadataRequest, MetadataRequestTopic, MetadataResponse, NodeEndpoint,
    ProduceRequest, Request,
};

/// Delay before the next broker is asked in parallel, while one has not answered. Long for a
/// healthy broker, short compared with the timeout of one that hangs.
const HEAD_START: Duration = Duration::from_millis(500);

/// The same for secured connections: their setup takes several round trips, and hashes a password
/// thousands of times.
const SECURED_HEAD_START: Duration = Duration::from_millis(1_500);

#[derive(Debug)]
pub(super) struct Brokers {
    settings: LinkSettings,
    bootstrap: Vec<Address>,
    known: RefCell<HashMap<i32, Address>>,
    /// For requests that must not wait behind batches: a connection to the broker that answered
    /// last.
    control: RefCell<Option<(Address, Rc<Link>)>>,
}

impl Brokers {
    pub(super) fn new(
        config: &Config,
        program: impl Program + 'static,
        counts: &Arc<SecurityCounts>,
    ) -> Self {
        let security = LinkSecurity::new(config.security.clone(), program, Arc::clone(counts));
        Self {
            settings: LinkSettings {
                // A third of `metadata_timeout` leaves time for a second broker if the first hangs
                // while connecting or answering. In whole milliseconds, as errors name it.
                setup_timeout: Duration::from_millis(
                    config.metadata_timeout.as_millis() as u64 / 3,
                ),
                security: Rc::new(security),
                pipeline: PipelineSettings {
                    client_id: config.client_id.as_str().into(),
                    request_timeout: config.request_timeout,
                    idle_timeout: config.idle_timeout,
                },
            },
            bootstrap: config.bootstrap_servers.clone(),
            known: RefCell::default(),
            control: RefCell::default(),
        }
    }

    /// Connects to a broker for producing.
    pub(super) async fn connect(&self, node: i32) -> Result<Link, Error> {
        let address = self.known.borrow().get(&node).cloned();
        let Some(address) = address else {
            let message = format!("broker {node} is not among those that the cluster lists");
            return Err(Error::new(ErrorKind::Unreachable, message));
        };
        let link = Link::open(&address, &self.settings).await?;
        link.versions().best::<ProduceRequest>()?;
        Ok(link)
    }

    pub(super) async fn answer(&self, Question { to, what }: Question) -> Answer {
        match (to, what) {
            (Recipient::AnyBroker, Subject::Metadata(wanted)) => {
                let response = self.describe(&wanted).await;
                Answer::Metadata(wanted, response)
            }
            (Recipient::AnyBroker, Subject::ProducerId) => {
                Answer::ProducerId(self.init_producer_id().await)
            }
        }
    }

    /// Asks any broker for metadata, and stores the addresses that it lists.
    async fn describe(&self, wanted: &MetadataWanted) -> Result<MetadataResponse> {
        let name =
            |topic: &Arc<str>| MetadataRequestTopic { topic_id: 0, name: Some(topic.to_string()) };
        let request = MetadataRequest {
            topics: (!wanted.everything).then(|| wanted.topics.iter().map(name).collect()),
            allow_auto_topic_creation: wanted.may_create,
            ..MetadataRequest::default()
        };
        let response = self.ask(&request).await?;
        if response.brokers.is_empty() {
            let message = "a broker answered that the cluster has no brokers";
            return Err(Error::new(ErrorKind::Unreachable, message));
        }
        let located = response.brokers.iter();
        let located = located.filter_map(|it| locate(it.node_id, &it.host, it.port));
        *self.known.borrow_mut() = located.collect();
        Ok(response)
    }

    /// Asks any broker for a producer id and epoch.
    async fn init_producer_id(&self) -> Result<(i64, i16)> {
        let request =
            InitProducerIdRequest { transaction_timeout_ms: i32::MAX, ..Default::default() };
        // Only an error code in this response may end the producer. A broker that refuses the
        // connection may be a proxy that restarts.
        let unreached = |error: Error| match error.kind() {
            ErrorKind::Broker => Error::new(ErrorKind::Unreachable, error.to_string()),
            _ => error,
        };
        let response = self.ask(&request).await.map_err(unreached)?;
        let code = response.error_code;
        if code.is_success() {
            return Ok((response.producer_id, response.producer_epoch));
        }
        let message = format!("no id for an idempotent producer: the broker answered {code}");
        Err(Error::new(ErrorKind::Broker, message).code(code))
    }

    /// Adds the brokers that a produce response lists.
    pub(super) fn learn(&self, endpoints: &[NodeEndpoint]) {
        let located = endpoints.iter().filter_map(|it| locate(it.node_id, &it.host, it.port));
        self.known.borrow_mut().extend(located);
    }

    /// Returns the first answer of any broker. The broker of the control connection is asked first;
    /// if it hangs or is gone, the known and configured brokers are asked one after another.
    async fn ask<R: Request>(&self, request: &R) -> Result<R::Response> {
        let attempts = self.candidates().into_iter().map(|address| async move {
            let answered = self.ask_one(&address, request).await;
            answered.map(|(link, response)| (address, link, response))
        });
        let is_secured = self.settings.security.is_secured();
        let head_start = if is_secured { SECURED_HEAD_START } else { HEAD_START };
        // Do not try a wrong password on every broker.
        let ends = |error: &Error| error.refuses_connection() && !self.was_reached();
        match first_of(attempts, head_start, ends).await {
            Ok((address, link, response)) => {
                *self.control.borrow_mut() = Some((address, link));
                Ok(response)
            }
            Err(failures) => Err(all_failed(failures)),
        }
    }

    /// Returns whether any broker has ever answered.
    fn was_reached(&self) -> bool {
        self.control.borrow().is_some()
    }

    /// Known brokers come first, as the configured ones may be long gone. The two lists alternate,
    /// so that a cluster that has moved as a whole is found again.
    fn candidates(&self) -> Vec<Address> {
        let control = self.control.borrow().as_ref().map(|(address, _)| address.clone());
        let known = self.known.borrow();
        let mut known = known.values().cloned();
        let mut bootstrap = self.bootstrap.iter().cloned();
        let mut candidates: Vec<_> = control.into_iter().collect();
        loop {
            let next = [known.next(), bootstrap.next()];
            if next == [None, None] {
                return candidates;
            }
            for address in next.into_iter().flatten() {
                if !candidates.contains(&address) {
                    candidates.push(address);
                }
            }
        }
    }

    /// Asks one broker. Uses the control connection if it is connected to this broker.
    async fn ask_one<R: Request>(
        &self,
        address: &Address,
        request: &R,
    ) -> Result<(Rc<Link>, R::Response)> {
        let open = self.control.borrow().as_ref().filter(|(to, _)| to == address).cloned();
        if let Some((_, link)) = open {
            match self.call(address, &link, request).await {
                // The connection may have closed while it was idle: open another one.
                Err(_) if link.is_closed() => {}
                Err(error) => {
                    link.abort();
                    return Err(error);
                }
                Ok(response) => return Ok((link, response)),
            }
        }
        let link = Rc::new(Link::open(address, &self.settings).await?);
        match self.call(address, &link, request).await {
            Ok(response) => Ok((link, response)),
            Err(error) if error.kind() == ErrorKind::Disconnected && !self.was_reached() => {
                let explained = Link::explain_closed(address, &self.settings).await;
                Err(explained.map_or(error, Error::from))
            }
            Err(error) => Err(error),
        }
    }

    /// Sends a request and waits for at most `setup_timeout`: any other broker can answer as well.
    async fn call<R: Request>(
        &self,
        address: &Address,
        link: &Link,
        request: &R,
    ) -> Result<R::Response> {
        let limit = self.settings.setup_timeout;
        timeout(limit, link.call(request)).await.unwrap_or_else(|_| {
            let message = format!("{address} ({:?}: no answer within {limit:?})", R::KEY);
            Err(Error::new(ErrorKind::Unreachable, message))
        })
    }
}

/// Returns a broker's id and address, or `None` if the listed port is invalid.
fn locate(node: i32, host: &str, port: i32) -> Option<(i32, Address)> {
    let port = u16::try_from(port).ok()?;
    Some((node, Address { host: host.to_owned(), port }))
}

/// Combines the failures of all brokers into one error. It keeps the kind and code that all
/// failures share, or that all refusals share. Otherwise it is `Unreachable`: another attempt may
/// succeed.
fn all_failed(mut failures: Vec<Error>) -> Error {
    if failures.len() == 1 {
        return failures.remove(0);
    }
    let each: Vec<_> = failures.iter().map(ToString::to_string).collect();
    let message = each.join(", ");
    // The user must fix a refusal, whatever keeps the other brokers from answering.
    let is_refused = failures.iter().any(Error::refuses_connection);
    let decisive = failures.iter().filter(|error| !is_refused || error.refuses_connection());
    let mut reasons = decisive.map(|error| (error.kind(), error.context().code));
    match reasons.next() {
        Some((kind, code)) if reasons.all(|reason| reason == (kind, code)) => {
            code.into_iter().fold(Error::new(kind, message), Error::code)
        }
        _ => Error::new(ErrorKind::Unreachable, message),
    }
}

#[cfg(test)]
mod tests;

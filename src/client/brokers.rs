//! Which brokers there are, where they are, and the connections to them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use tokio::time::timeout;

use crate::config::{Address, Config};
use crate::error::{Error, ErrorKind, Result};
use crate::net::{ConnectError, Link, LinkSettings};
use crate::producer::MetadataWanted;
use crate::protocol::{
    InitProducerIdRequest, MetadataRequest, MetadataRequestTopic, MetadataResponse, NodeEndpoint,
    Request,
};

/// The brokers of a cluster.
#[derive(Debug)]
pub(super) struct Brokers {
    settings: LinkSettings,
    bootstrap: Vec<Address>,
    known: RefCell<HashMap<i32, Address>>,
    /// For requests that must not wait behind batches.
    control: RefCell<Option<(Address, Rc<Link>)>>,
    /// Who failed to answer last: asked after all others.
    silent: RefCell<Option<Address>>,
}

impl Brokers {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            settings: LinkSettings {
                client_id: config.client_id.as_str().into(),
                // Leaves time for a second address within the time a message waits.
                setup_timeout: config.metadata_timeout / 3,
                request_timeout: config.request_timeout,
            },
            bootstrap: config.bootstrap_servers.clone(),
            known: RefCell::default(),
            control: RefCell::default(),
            silent: RefCell::default(),
        }
    }

    /// Connects to a broker for producing.
    pub(super) async fn connect(&self, node: i32) -> Result<Link, Error> {
        let address = self.known.borrow().get(&node).cloned();
        let Some(address) = address else {
            let message = format!("broker {node} is not among those that the cluster lists");
            return Err(Error::new(ErrorKind::Unreachable, message));
        };
        Link::open(&address, &self.settings).await.map_err(|error| unreachable(&[error]))
    }

    /// Asks any broker about the cluster.
    pub(super) async fn describe(&self, wanted: &MetadataWanted) -> Result<MetadataResponse> {
        let name = |topic: &std::sync::Arc<str>| MetadataRequestTopic {
            topic_id: 0,
            name: Some(topic.to_string()),
        };
        let request = MetadataRequest {
            topics: Some(wanted.topics.iter().map(name).collect()),
            allow_auto_topic_creation: wanted.may_create,
            ..MetadataRequest::default()
        };
        let response = match self.ask(&request).await {
            // The connection may have ended long ago without anyone noticing.
            Err(_) => self.ask(&request).await?,
            Ok(response) => response,
        };
        if response.brokers.is_empty() {
            let message = "a broker answered that the cluster has no brokers";
            return Err(Error::new(ErrorKind::Unreachable, message));
        }
        let located = response.brokers.iter().filter_map(|broker| {
            let port = u16::try_from(broker.port).ok()?;
            Some((broker.node_id, Address { host: broker.host.clone(), port }))
        });
        *self.known.borrow_mut() = located.collect();
        Ok(response)
    }

    /// Asks any broker for a producer's id and epoch.
    pub(super) async fn init_producer_id(&self) -> Result<(i64, i16)> {
        let request =
            InitProducerIdRequest { transaction_timeout_ms: i32::MAX, ..Default::default() };
        let response = self.ask(&request).await?;
        let code = response.error_code;
        if code.is_success() {
            return Ok((response.producer_id, response.producer_epoch));
        }
        let message = format!("no id for an idempotent producer: the broker answered {code}");
        Err(Error::new(ErrorKind::Broker, message).code(code))
    }

    /// Takes note of brokers that an answer named.
    pub(super) fn learn(&self, endpoints: &[NodeEndpoint]) {
        let located = endpoints.iter().filter_map(|endpoint| {
            let port = u16::try_from(endpoint.port).ok()?;
            Some((endpoint.node_id, Address { host: endpoint.host.clone(), port }))
        });
        self.known.borrow_mut().extend(located);
    }

    /// Asks over the control connection. A broker that does not answer soon is given up, so that
    /// one that hangs costs little while others know what is asked.
    async fn ask<R: Request>(&self, request: &R) -> Result<R::Response> {
        let (address, link) = self.control().await?;
        let limit = self.settings.setup_timeout;
        let response = timeout(limit, link.call(request)).await.unwrap_or_else(|_| {
            let message = format!("{address} did not answer within {limit:?}");
            Err(Error::new(ErrorKind::Unreachable, message))
        });
        if response.is_err() {
            link.abort();
            *self.control.borrow_mut() = None;
            *self.silent.borrow_mut() = Some(address);
        }
        response
    }

    async fn control(&self) -> Result<(Address, Rc<Link>)> {
        let open = self.control.borrow().as_ref().filter(|(_, link)| !link.is_closed()).cloned();
        if let Some(open) = open {
            return Ok(open);
        }
        // Those known first: the configured ones may be long gone.
        let mut candidates: Vec<_> = self.known.borrow().values().cloned().collect();
        let known = candidates.clone();
        candidates.extend(self.bootstrap.iter().filter(|a| !known.contains(a)).cloned());
        candidates.sort_by_key(|address| self.silent.borrow().as_ref() == Some(address));
        let mut failures = Vec::new();
        for address in candidates {
            match Link::open(&address, &self.settings).await {
                Ok(link) => {
                    let link = Rc::new(link);
                    *self.control.borrow_mut() = Some((address.clone(), Rc::clone(&link)));
                    return Ok((address, link));
                }
                Err(error) => failures.push(error),
            }
        }
        Err(unreachable(&failures))
    }
}

fn unreachable(failures: &[ConnectError]) -> Error {
    let each: Vec<_> = failures.iter().map(ToString::to_string).collect();
    Error::new(ErrorKind::Unreachable, each.join(", "))
}

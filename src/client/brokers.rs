//! Which brokers there are, where they are, and the connections to them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

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
    control: RefCell<Option<Rc<Link>>>,
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
            allow_auto_topic_creation: true,
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

    async fn ask<R: Request>(&self, request: &R) -> Result<R::Response> {
        let link = self.control().await?;
        let response = link.call(request).await;
        if response.is_err() {
            *self.control.borrow_mut() = None;
        }
        response
    }

    async fn control(&self) -> Result<Rc<Link>> {
        let open = self.control.borrow().as_ref().filter(|link| !link.is_closed()).cloned();
        if let Some(link) = open {
            return Ok(link);
        }
        // Those known first: the configured ones may be long gone.
        let mut candidates: Vec<_> = self.known.borrow().values().cloned().collect();
        let known = candidates.clone();
        candidates.extend(self.bootstrap.iter().filter(|a| !known.contains(a)).cloned());
        let mut failures = Vec::new();
        for address in candidates {
            match Link::open(&address, &self.settings).await {
                Ok(link) => {
                    let link = Rc::new(link);
                    *self.control.borrow_mut() = Some(Rc::clone(&link));
                    return Ok(link);
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

//! One broker: its run state, connectivity, metadata and replicas.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::image::Image;
use super::purgatory::Pending;
use super::replica::Replica;
use super::settings::Spread;
use super::{Partition, Request, RequestHandle};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    Up,
    /// Hangs: keeps its state but does nothing.
    Paused,
    /// Down, or still starting.
    Down,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) run: Run,
    /// Whether it is cut off from the controller and from the other brokers.
    pub(super) isolated: bool,
    pub(super) disk_failed: bool,
    /// Incremented when the controller loses or regains the broker, which voids older events.
    pub(super) session: u64,
    pub(super) view: Rc<Image>,
    pub(super) replicas: BTreeMap<Partition, Replica>,
    /// Requests that arrived while it was paused.
    pub(super) backlog: Vec<(RequestHandle, Request)>,
    /// Produce requests that wait for replicas.
    pub(super) purgatory: BTreeMap<RequestHandle, Pending>,
    /// The replication delay, if it differs from the cluster's settings.
    pub(super) replication: Option<Spread>,
}

impl Node {
    pub(super) fn new(view: Rc<Image>) -> Self {
        Self {
            run: Run::Up,
            isolated: false,
            disk_failed: false,
            session: 0,
            view,
            replicas: BTreeMap::new(),
            backlog: Vec::new(),
            purgatory: BTreeMap::new(),
            replication: None,
        }
    }

    pub(super) fn is_serving(&self) -> bool {
        self.run == Run::Up
    }

    pub(super) fn is_paused(&self) -> bool {
        self.run == Run::Paused
    }

    /// Returns whether the broker can communicate with the controller and with other such brokers.
    pub(super) fn reaches_others(&self) -> bool {
        self.run == Run::Up && !self.isolated
    }

    /// Returns whether the broker can replicate from others, and others from it.
    pub(super) fn replicates(&self) -> bool {
        self.reaches_others() && !self.disk_failed
    }
}

//! One broker: whether it runs, whom it reaches, what it believes and what it has stored.

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
    /// Hangs: keeps everything, does nothing.
    Paused,
    /// Down, or on its way up.
    Down,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) run: Run,
    /// Whether it is cut off from the controller and from the other brokers.
    pub(super) isolated: bool,
    pub(super) disk_failed: bool,
    /// Grows whenever the controller loses or regains it, so that older plans are void.
    pub(super) session: u64,
    pub(super) view: Rc<Image>,
    pub(super) replicas: BTreeMap<Partition, Replica>,
    /// What arrived while it hung.
    pub(super) backlog: Vec<(RequestHandle, Request)>,
    /// Produce requests that wait for replicas.
    pub(super) purgatory: BTreeMap<RequestHandle, Pending>,
    /// How long its fetches take, where it is not as the cluster's settings say.
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

    /// Whether it serves clients.
    pub(super) fn is_serving(&self) -> bool {
        self.run == Run::Up
    }

    pub(super) fn is_paused(&self) -> bool {
        self.run == Run::Paused
    }

    /// Whether it talks to the controller and to others of whom this is true.
    pub(super) fn reaches_others(&self) -> bool {
        self.run == Run::Up && !self.isolated
    }

    /// Whether it can copy and be copied from.
    pub(super) fn replicates(&self) -> bool {
        self.reaches_others() && !self.disk_failed
    }
}

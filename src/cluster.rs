//! What a client knows about its cluster, and when it refreshes that. Nothing here knows records,
//! queues or sockets, so any client can share it.

mod backoff;
mod description;
mod pages;
mod questions;
mod refresh;
mod topic;
mod topics;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

pub use backoff::Backoff;
pub use description::{BrokerDescription, ClusterDescription, TopicDescription};
use pages::Pages;
use questions::Questions;
pub(crate) use refresh::Refresh;
pub(crate) use topic::{Leader, News, Topic};

use crate::config::Config;

pub type NodeId = i32;

/// A partition of a topic, by their indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) topic: usize,
    pub(crate) partition: usize,
}

/// Cached metadata of a cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    topics: Vec<Topic>,
    by_name: HashMap<Arc<str>, usize, foldhash::fast::FixedState>,
    /// The topic that was looked up last.
    last: usize,
    /// The indices of forgotten topics, which can be reused.
    free: BTreeSet<usize>,
    questions: Questions,
    pages: Pages,
}

impl Cluster {
    pub(crate) fn new(config: &Config, backoff: Backoff) -> Self {
        Self {
            topics: Vec::new(),
            by_name: HashMap::default(),
            last: 0,
            free: BTreeSet::new(),
            questions: Questions::new(config, backoff),
            pages: Pages::new(config.metadata_page),
        }
    }
}

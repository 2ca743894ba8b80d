//! What a client knows of its cluster, and when it asks for more. Records, queues and sockets are
//! not known here: whatever talks to a cluster can share this.

mod backoff;
mod description;
mod questions;
mod refresh;
mod topic;
mod topics;

pub use backoff::Backoff;
pub use description::{BrokerDescription, ClusterDescription, TopicDescription};
pub(crate) use refresh::Refresh;
pub(crate) use topic::{Leader, News, Topic};
pub(crate) use topics::{Cluster, Place};

/// A broker's id.
pub type NodeId = i32;

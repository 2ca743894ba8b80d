//! What a client knows of its cluster, and when it asks for more. Records, queues and sockets are
//! not known here: whatever talks to a cluster can share this.

mod backoff;
mod description;
mod questions;
mod refresh;

pub use backoff::Backoff;
pub use description::{BrokerDescription, ClusterDescription, TopicDescription};
pub(crate) use questions::Questions;
pub(crate) use refresh::Refresh;

/// A broker's id.
pub type NodeId = i32;

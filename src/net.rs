//! Connections to brokers: sockets, negotiation, requests in a pipeline. Knows nothing of
//! producing.

mod connect;
mod descriptors;
mod link;
mod versions;

pub use connect::{ConnectError, Stage};
pub use descriptors::{Quiet, inherited_descriptors};
pub use link::{Answer, Link, LinkSettings};
pub use versions::Versions;

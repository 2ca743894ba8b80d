//! What each API answers: from a request to a response, with no waiting in between. One file
//! for each group of APIs. With an error, that is what is answered, and nothing is done.

mod configs;
mod fetch;
mod groups;
mod metadata;
mod offsets;
mod produce;
mod producers;
#[cfg(test)]
mod tests;
mod topics;

use super::cluster::{Cluster, NodeId};
use super::groups::Groups;

pub(super) use configs::topic_settings;
pub(super) use groups::{joined, synced};

/// Where a broker is reached.
pub(super) type Address = (String, u16);

/// One of the brokers, while it answers.
#[derive(Debug)]
pub(super) struct Broker<'a> {
    pub(super) cluster: &'a mut Cluster,
    pub(super) groups: &'a mut Groups,
    pub(super) cluster_id: &'a str,
    pub(super) node: NodeId,
    /// Of every broker, in the order of their ids.
    pub(super) addresses: &'a [Address],
    /// Milliseconds since 1970.
    pub(super) now: i64,
}

impl Broker<'_> {
    /// Where a broker is reached, as messages say it.
    fn address(&self, node: NodeId) -> (String, i32) {
        let (host, port) = &self.addresses[node as usize - 1];
        (host.clone(), i32::from(*port))
    }
}

//! Request handlers, one file for each group of APIs. They never wait. A handler that gets an error
//! answers with that code and changes nothing.

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

use super::cluster::{Cluster, NodeId, Partition};
use super::faults::Denied;
use super::groups::Groups;
use super::log::Refusal;
use crate::error::ErrorCode;
use crate::protocol::{ApiKey, LeaderIdAndEpoch};

pub(super) use configs::topic_settings;
pub(super) use groups::{joined, synced};

/// The answer to transactional requests: transactions are not supported.
const TRANSACTIONAL_ID_AUTHORIZATION_FAILED: ErrorCode = ErrorCode(53);

pub(super) type BrokerAddress = (String, u16);

/// A broker of the cluster, borrowed for one request.
#[derive(Debug)]
pub(super) struct Broker<'a> {
    pub(super) cluster: &'a mut Cluster,
    pub(super) groups: &'a mut Groups,
    pub(super) denied: &'a Denied,
    pub(super) cluster_id: &'a str,
    pub(super) node: NodeId,
    /// The addresses of all brokers, ordered by id.
    pub(super) addresses: &'a [BrokerAddress],
    /// Milliseconds since 1970.
    pub(super) now: i64,
}

impl Broker<'_> {
    /// Returns a broker's address with the types of the protocol's messages.
    fn address(&self, node: NodeId) -> (String, i32) {
        let (host, port) = &self.addresses[node as usize - 1];
        (host.clone(), i32::from(*port))
    }

    /// Returns a partition that this broker leads, unless the topic is denied to `api`.
    fn led_partition(&self, api: ApiKey, topic: &str, index: i32) -> Result<&Partition, ErrorCode> {
        self.denied.denied_error(api, topic).map_or(Ok(()), Err)?;
        match self.cluster.partition(topic, index) {
            None => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            Some(partition) if partition.leader != self.node => {
                Err(ErrorCode::NOT_LEADER_OR_FOLLOWER)
            }
            Some(partition) => Ok(partition),
        }
    }
}

/// The leader that is reported to a client with outdated metadata.
fn current_leader(partition: &Partition) -> LeaderIdAndEpoch {
    LeaderIdAndEpoch { leader_id: partition.leader, leader_epoch: partition.leader_epoch }
}

/// Converts a result to the error code and message of a response.
fn code_and_message<T>(done: Result<T, Refusal>) -> (ErrorCode, Option<String>) {
    match done {
        Ok(_) => (ErrorCode::NONE, None),
        Err(refusal) => (refusal.code, Some(refusal.message)),
    }
}

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

use super::cluster::{Cluster, NodeId, Partition};
use super::faults::Denied;
use super::groups::Groups;
use super::log::Refusal;
use crate::error::ErrorCode;
use crate::protocol::{ApiKey, LeaderIdAndEpoch};

pub(super) use configs::topic_settings;
pub(super) use groups::{joined, synced};

/// What those are told who want transactions: nobody may use one, as there are none here yet.
const TRANSACTIONAL_ID_AUTHORIZATION_FAILED: ErrorCode = ErrorCode(53);

/// Where a broker is reached.
pub(super) type Address = (String, u16);

/// One of the brokers, while it answers.
#[derive(Debug)]
pub(super) struct Broker<'a> {
    pub(super) cluster: &'a mut Cluster,
    pub(super) groups: &'a mut Groups,
    pub(super) denied: &'a Denied,
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

    /// A partition that this broker leads, and that the API may touch.
    fn led(&self, api: ApiKey, topic: &str, index: i32) -> Result<&Partition, ErrorCode> {
        self.denied.judge(api, topic).map_or(Ok(()), Err)?;
        match self.cluster.partition(topic, index) {
            None => Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
            Some(partition) if partition.leader != self.node => {
                Err(ErrorCode::NOT_LEADER_OR_FOLLOWER)
            }
            Some(partition) => Ok(partition),
        }
    }
}

/// Who leads a partition, for a client that believes it is another.
fn current_leader(partition: &Partition) -> LeaderIdAndEpoch {
    LeaderIdAndEpoch { leader_id: partition.leader, leader_epoch: partition.leader_epoch }
}

/// How it went, as messages say it: a code, and why.
fn told<T>(done: Result<T, Refusal>) -> (ErrorCode, Option<String>) {
    match done {
        Ok(_) => (ErrorCode::NONE, None),
        Err(refusal) => (refusal.code, Some(refusal.message)),
    }
}

//! The values that callers and the driver exchange with the machine.

use std::sync::Arc;

use crate::cluster::NodeId;
use crate::config::Compression;
use crate::producer::partition::Content;
use crate::producer::request::{PartitionBatch, RequestId};
use crate::producer::ticket::Ticket;
use crate::record::{Compressor, Identity};

#[derive(Debug)]
pub enum Produced<W> {
    Accepted {
        /// Identifies the record, or the batch it is in.
        ticket: Ticket,
        /// Whether the driver has something to do before the next [`super::Machine::poll_timeout`].
        work: bool,
        /// Whether it is in no partition yet: only then can it be cancelled.
        is_held: bool,
    },
    /// There is no room for it now: hand it over with [`super::Machine::wait`], or drop it.
    Full(Option<W>),
}

/// A record that was cancelled.
#[derive(Debug)]
pub struct Unsent<W> {
    /// The caller must complete it.
    pub waiter: Option<W>,
}

/// The records that a [purge](super::Machine::purge) drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purge {
    /// Records that are not in flight. They are in batches that wait to be sent, or wait for
    /// memory, for their topic or for their partition.
    pub in_queue: bool,
    /// Records in batches that are in flight. Brokers may still store them.
    pub in_flight: bool,
}

impl Purge {
    pub const ALL: Self = Self { in_queue: true, in_flight: true };
}

/// A record whose caller must choose its partition, with [`super::Machine::place`].
#[derive(Debug)]
pub struct Placing<'a, W> {
    pub ticket: Ticket,
    pub topic: &'a Arc<str>,
    /// How many partitions the topic has at present.
    pub partitions: i32,
    pub key: Option<&'a [u8]>,
    /// The waiter may know the caller to ask.
    pub waiter: Option<&'a W>,
}

#[derive(Debug)]
pub struct Outgoing {
    /// Identifies the request in the events about it.
    pub id: RequestId,
    pub node: NodeId,
    /// One batch per partition; those of a topic are adjacent.
    pub parts: Vec<Part>,
}

/// One partition's batch in a request.
#[derive(Debug)]
pub struct Part {
    pub topic: Arc<str>,
    /// For versions that name topics by id.
    pub topic_id: u128,
    pub partition: i32,
    pub identity: Identity,
    /// The driver seals open records, and returns them by [`super::Machine::handle_sealed`] before
    /// any event about the request.
    pub content: Content,
}

impl Part {
    /// Seals its records, unless an earlier try has.
    pub fn seal(self, compression: Compression, compressor: &mut Compressor) -> PartitionBatch {
        PartitionBatch {
            topic: self.topic,
            topic_id: self.topic_id,
            partition: self.partition,
            identity: self.identity,
            batch: match self.content {
                Content::Open(builder) => builder.seal(compression, compressor),
                Content::Sealed(batch) => batch,
            },
        }
    }
}

//! What passes between the machine and those who call and turn it.

use std::sync::Arc;

use crate::cluster::NodeId;
use crate::config::Compression;
use crate::producer::partition::Content;
use crate::producer::request::{PartitionBatch, RequestId};
use crate::producer::ticket::Ticket;
use crate::record::{Compressor, Identity};

/// What became of a record that was handed over.
#[derive(Debug)]
pub enum Produced<W> {
    /// It was taken in. `work` says whether there is something to do before the next
    /// [`super::Machine::poll_timeout`].
    Accepted {
        /// Names the record, or the batch it is in.
        ticket: Ticket,
        /// Whether the driver is to look.
        work: bool,
        /// Whether it is in no partition yet: only then can it be cancelled.
        is_held: bool,
    },
    /// There is no memory for it now: hand it over with [`super::Machine::wait`], or give up.
    Full(Option<W>),
}

/// A record that was un-sent.
#[derive(Debug)]
pub struct Unsent<W> {
    /// Its waiter. The caller must complete it.
    pub waiter: Option<W>,
}

/// Which records a [purge](super::Machine::purge) drops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purge {
    /// Records that are not in flight: in batches that wait to be sent, for the first time or
    /// again, and those that wait for memory, for their topic or for their caller to place them.
    pub in_queue: bool,
    /// Records in batches that are in flight. Brokers may store them all the same.
    pub in_flight: bool,
}

impl Purge {
    /// Both.
    pub const ALL: Self = Self { in_queue: true, in_flight: true };
}

/// A record that its caller is to place, with [`super::Machine::place`].
#[derive(Debug)]
pub struct Placing<'a, W> {
    /// Names the record.
    pub ticket: Ticket,
    /// Its topic.
    pub topic: &'a Arc<str>,
    /// How many partitions the topic has at present.
    pub partitions: i32,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its waiter, which may know the caller to ask.
    pub waiter: Option<&'a W>,
}

/// A request to send to a broker.
#[derive(Debug)]
pub struct Outgoing {
    /// Names the request in the events about it.
    pub id: RequestId,
    /// The broker.
    pub node: NodeId,
    /// One batch per partition; those of a topic stand together.
    pub parts: Vec<Part>,
}

/// One partition's batch in a request.
#[derive(Debug)]
pub struct Part {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The topic's id, for versions that ask for it.
    pub topic_id: u128,
    /// The partition.
    pub partition: i32,
    /// Who writes it.
    pub identity: Identity,
    /// Its records. The driver seals those that are open, and hands them back by
    /// [`super::Machine::handle_sealed`] before any event about the request.
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

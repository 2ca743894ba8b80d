//! Topics and their partitions: the queues that records wait in.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::batch::{Batch, Progress, Ticket};
use super::partitioner::Sticky;
use crate::error::ErrorCode;
use crate::record::Record;

/// A broker's id.
pub(super) type NodeId = i32;

/// A partition of a topic, by their places in the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) topic: usize,
    pub(super) partition: usize,
}

#[derive(Debug)]
pub(super) struct Topic<W> {
    pub(super) name: Arc<str>,
    /// Zero where brokers have no ids for topics.
    pub(super) id: u128,
    /// Empty until the cluster has described the topic.
    pub(super) partitions: Vec<Partition<W>>,
    /// Those that have a leader, for records that may go anywhere.
    pub(super) led: Vec<i32>,
    pub(super) sticky: Sticky,
    /// Records that came before the topic was known, in order.
    pub(super) unassigned: VecDeque<Unassigned<W>>,
    /// What the cluster last said instead of describing the topic.
    pub(super) refusal: Option<ErrorCode>,
}

impl<W> Topic<W> {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            id: 0,
            partitions: Vec::new(),
            led: Vec::new(),
            sticky: Sticky::default(),
            unassigned: VecDeque::new(),
            refusal: None,
        }
    }

    pub(super) fn is_known(&self) -> bool {
        !self.partitions.is_empty()
    }
}

#[derive(Debug)]
pub(super) struct Partition<W> {
    pub(super) leader: Option<NodeId>,
    pub(super) leader_epoch: i32,
    /// The oldest batch first; only the last may be open.
    pub(super) queue: VecDeque<Batch<W>>,
    /// Whether it stands in its leader's queue of partitions with something to send.
    pub(super) queued: bool,
    /// Whether it stands among those that its leader serves once it is idle.
    pub(super) awaited: bool,
    /// When the machine looks at it again of its own accord.
    pub(super) timer: Option<Instant>,
}

impl<W> Partition<W> {
    pub(super) fn new() -> Self {
        Self {
            leader: None,
            leader_epoch: -1,
            queue: VecDeque::new(),
            queued: false,
            awaited: false,
            timer: None,
        }
    }

    /// Whether its first batch may leave now.
    pub(super) fn is_ready(&self, now: Instant) -> bool {
        self.queue.front().is_some_and(|front| {
            !front.is_in_flight() && self.ready_at(front).is_none_or(|at| at <= now)
        })
    }

    fn ready_at(&self, front: &Batch<W>) -> Option<Instant> {
        // A batch with another behind it waits for no more records.
        if self.queue.len() > 1 { front.resume_at } else { front.ready_at() }
    }

    /// When something happens to it without any news: a batch becomes ready, or too old.
    pub(super) fn next_event(&self, now: Instant) -> Option<Instant> {
        let deadline = self
            .queue
            .iter()
            .find(|batch| batch.progress != Progress::Expired)
            .map(|batch| batch.deadline);
        let front = self.queue.front().filter(|front| !front.is_in_flight());
        let ready_at = front.and_then(|front| self.ready_at(front)).filter(|at| *at > now);
        deadline.into_iter().chain(ready_at).min()
    }
}

/// A record that waits for its topic to be known, and owns its bytes meanwhile.
#[derive(Debug)]
pub(super) struct Unassigned<W> {
    pub(super) ticket: Ticket,
    pub(super) timestamp: i64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: Vec<(String, Option<Vec<u8>>)>,
    pub(super) partition: Option<i32>,
    pub(super) waiter: Option<W>,
    pub(super) urgent: bool,
    /// When the wait for the topic is over, and when that for the delivery is.
    pub(super) known_by: Instant,
    pub(super) deadline: Instant,
}

impl<W> Unassigned<W> {
    /// Calls `encode` with the record, which borrows from this.
    pub(super) fn with_record<T>(&self, encode: impl FnOnce(&Record<'_>) -> T) -> T {
        let headers: Vec<_> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        encode(&Record {
            timestamp: self.timestamp,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: &headers,
        })
    }
}

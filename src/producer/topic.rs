//! Topics and their partitions: the queues that records wait in.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::batch::{Batch, Progress, Ticket};
use super::metrics::RecordMetrics;
use super::partitioner::Spread;
use super::sequence::{ProducerEpoch, Sequence};
use crate::cluster::NodeId;
use crate::error::{Error, ErrorCode};

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
    /// How many partitions records may go to: 0 until the cluster has described the topic, and
    /// while it says that the topic does not exist.
    pub(super) count: usize,
    /// How many there are of the topic with this id, as far as the cluster has said.
    pub(super) extent: usize,
    /// Partitions by their index. Those past the extent belonged to a topic of the same name that
    /// was deleted; what is in flight to them keeps its place.
    pub(super) partitions: Vec<Partition<W>>,
    /// Whether the last answer of a cluster without topic ids named fewer partitions.
    pub(super) seems_smaller: bool,
    /// The number of the last question whose answer described the topic.
    pub(super) described_by: u64,
    /// Those that have a leader, for records that may go anywhere.
    pub(super) led: Vec<i32>,
    pub(super) spread: Spread,
    /// The tickets of records that are in no partition yet, in order: the topic is not known, or
    /// the caller has yet to say where the first of them goes.
    pub(super) unassigned: VecDeque<Ticket>,
    /// Whether it keeps the broker's clock in place of the records' own timestamps.
    pub(super) append_time: bool,
    /// What the cluster last said instead of describing the topic.
    pub(super) refusal: Option<ErrorCode>,
    /// How many records were handed over for it, and how they ended.
    pub(super) records: RecordMetrics,
}

impl<W> Topic<W> {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self {
            name,
            id: 0,
            count: 0,
            extent: 0,
            partitions: Vec::new(),
            seems_smaller: false,
            described_by: 0,
            led: Vec::new(),
            spread: Spread::default(),
            unassigned: VecDeque::new(),
            append_time: false,
            refusal: None,
            records: RecordMetrics::default(),
        }
    }

    pub(super) fn is_known(&self) -> bool {
        self.count > 0
    }

    /// Whether a record may go there now, as far as that has been said. Negative indices are never
    /// waited for.
    pub(super) fn has(&self, partition: Option<i32>) -> bool {
        partition.is_none_or(|index| index < self.count as i32)
    }

    /// The partitions that records may go to.
    #[inline]
    pub(super) fn usable(&self) -> &[Partition<W>] {
        &self.partitions[..self.count]
    }

    /// Takes over how many partitions the cluster names now, and says whether the answer can be
    /// trusted. One that names fewer may come from a broker that lags behind: where topics have
    /// ids, the id tells; where they have none, a second answer has to agree.
    pub(super) fn resize(&mut self, id: u128, count: usize) -> bool {
        let is_smaller = count < self.extent;
        let is_anew = self.id != id;
        let is_doubtful = is_smaller && !is_anew && (id != 0 || !self.seems_smaller);
        self.seems_smaller = is_smaller && !is_anew && id == 0;
        self.id = id;
        if !is_doubtful {
            self.extent = count;
        }
        self.count = self.extent;
        !is_doubtful || id != 0
    }

    /// Whether there are records for it that have not ended.
    pub(super) fn has_records(&self) -> bool {
        let mut batches = self.partitions.iter().flat_map(|partition| &partition.queue);
        !self.unassigned.is_empty() || batches.any(|batch| !batch.is_given_up())
    }

    /// Whether there is, and it does not exist, or not any more.
    pub(super) fn is_missed(&self) -> bool {
        let is_gone = self.refusal == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        !self.unassigned.is_empty() || is_gone && self.has_records()
    }
}

/// What a partition's first batch gets of memory; it takes more if it needs it.
const SMALL: usize = 1024;

#[derive(Debug)]
pub(super) struct Partition<W> {
    pub(super) leader: Option<NodeId>,
    pub(super) leader_epoch: i32,
    /// The oldest batch first; only the last may be open. Those that have been sent come before
    /// those that have not.
    pub(super) queue: VecDeque<Batch<W>>,
    pub(super) in_flight: usize,
    /// About how large those were that left.
    pub(super) recent_size: usize,
    /// About how many waited for the records of each.
    pub(super) recent_waiters: usize,
    /// Who the batches in flight were sent to.
    pub(super) sent_to: Option<NodeId>,
    pub(super) idempotence: Idempotence,
    /// Why it takes no more records, if it stopped at a gap.
    pub(super) stopped: Option<Error>,
    /// The broker in whose queue of partitions with something to send it stands.
    pub(super) queued_at: Option<NodeId>,
    /// The broker that sends its records as soon as it owes no answer.
    pub(super) awaited: Option<NodeId>,
    /// Whether it stands among those whose records wait for others that come with them.
    pub(super) gathers: bool,
    /// Deadlines that are earlier than that of an older batch: those of batches that are stored
    /// whole, whose time began before they were taken in.
    pub(super) early: BTreeSet<Instant>,
    /// When the machine looks at it again of its own accord.
    pub(super) timer: Option<Instant>,
}

/// What makes brokers recognise repetitions in a partition.
#[derive(Debug, Default)]
pub(super) struct Idempotence {
    /// Whose sequence numbers these are; `None` before the first batch.
    pub(super) producer: Option<ProducerEpoch>,
    /// The number that the next batch gets.
    pub(super) next: Sequence,
    /// The number after the last record that was acknowledged.
    pub(super) acked: Sequence,
    /// A batch with sequence numbers left without an acknowledgement. Until it is known whether
    /// brokers have it, no further numbers are given out.
    pub(super) unresolved: bool,
    /// The epoch is spent: as soon as nothing is in flight, everything is numbered anew.
    pub(super) bump: bool,
    /// The leader and its epoch that has acknowledged a batch of this producer and epoch. A
    /// broker that knows nothing of a producer takes any first number, so before that a second
    /// batch could be stored in place of a first that was refused.
    pub(super) acked_by: Option<(NodeId, i32)>,
}

impl<W> Partition<W> {
    pub(super) fn new(first: Sequence) -> Self {
        Self {
            leader: None,
            leader_epoch: -1,
            queue: VecDeque::new(),
            in_flight: 0,
            recent_size: SMALL,
            recent_waiters: 0,
            sent_to: None,
            idempotence: Idempotence { next: first, acked: first, ..Idempotence::default() },
            stopped: None,
            queued_at: None,
            awaited: None,
            gathers: false,
            early: BTreeSet::new(),
            timer: None,
        }
    }

    /// About how large its next batch will be.
    pub(super) fn usual_size(&self) -> usize {
        self.queue.back().map_or(0, |last| last.charged).max(self.recent_size)
    }

    /// The last batch before a place in the queue whose waiters have not been told.
    pub(super) fn open_before(&mut self, index: usize) -> Option<&mut Batch<W>> {
        self.queue.range_mut(..index).rev().find(|batch| !batch.is_given_up())
    }

    /// The first batch that is not in flight, and its place in the queue.
    pub(super) fn next_to_send(&self) -> Option<(usize, &Batch<W>)> {
        self.queue.iter().enumerate().find(|(_, batch)| !batch.is_in_flight())
    }

    /// From when on a batch of this queue may be sent; `None` is at once.
    pub(super) fn ready_at(&self, index: usize) -> Option<Instant> {
        // A batch with another behind it waits for no more records.
        let batch = &self.queue[index];
        if index + 1 < self.queue.len() { batch.resume_at } else { batch.ready_at() }
    }

    /// When something happens to it without any news: a batch becomes ready, or too old.
    pub(super) fn next_event(&self, now: Instant) -> Option<Instant> {
        let pending = self.queue.iter().find(|batch| batch.progress != Progress::GivenUp);
        let next = self.next_to_send().and_then(|(index, _)| self.ready_at(index));
        let ready_at = next.filter(|at| *at > now);
        let deadlines = pending.map(|batch| batch.deadline).into_iter();
        deadlines.chain(self.early.first().copied()).chain(ready_at).min()
    }

    /// Adds a batch, whose time may be over before that of older ones.
    pub(super) fn push(&mut self, batch: Batch<W>) {
        let is_early = self.queue.back().is_some_and(|last| batch.deadline < last.deadline);
        if is_early || !self.early.is_empty() {
            self.early.insert(batch.deadline);
        }
        self.queue.push_back(batch);
    }
}

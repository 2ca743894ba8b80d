//! The order in which the records of a partition are settled.

use std::collections::BTreeMap;
use std::time::Duration;

use dekaf::error::{Error, ErrorKind};

/// How far the records of each partition are settled.
///
/// The rule: the records of one partition are settled in the order in which they were handed over.
/// So a record is never settled after one that was handed over later. A record may be settled
/// before older ones, and is then not counted, if
///
/// * its own deadline has passed;
/// * it has no partition: it was dropped or failed while it waited for memory, for its topic or to
///   be placed, and did not name a partition;
/// * it was rejected without entering the partition: it is too large, its topic or partition does
///   not exist, the cluster is unreachable, or the partition has stopped at a gap.
///
/// There is no exception for a record that names its partition and is purged, or dropped at the
/// end, while it waits for memory or for its topic: it is settled after the batches of its
/// partition. Records handed over before the machine learned of another incarnation of their topic
/// are not compared.
#[derive(Debug, Default)]
pub(super) struct Order {
    last: BTreeMap<(String, i32), u64>,
    /// The first record of each topic that was handed over to its current incarnation.
    first: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Ended<'a> {
    pub(super) id: u64,
    pub(super) topic: &'a str,
    pub(super) partition: i32,
    pub(super) error: Option<&'a Error>,
    pub(super) deadline: Duration,
}

impl Order {
    /// Starts over for another incarnation of a topic; `first` is its first record.
    pub(super) fn start_over(&mut self, topic: &str, first: u64) {
        self.first.insert(topic.to_owned(), first);
    }

    /// Notes that a record is settled. Returns a later record that was settled before it.
    pub(super) fn settled(&mut self, now: Duration, ended: Ended<'_>) -> Option<u64> {
        let Ended { id, topic, partition, .. } = ended;
        let is_older = self.first.get(topic).is_some_and(|first| id < *first);
        if partition < 0 || is_older {
            return None;
        }
        let last = self.last.entry((topic.to_owned(), partition)).or_default();
        let overtaken_by = Some(*last).filter(|last| *last > id);
        if !ended.may_overtake(now) {
            *last = id.max(*last);
        }
        overtaken_by
    }
}

impl Ended<'_> {
    fn may_overtake(&self, now: Duration) -> bool {
        let has_no_place = |error: &Error| {
            matches!(
                error.kind(),
                ErrorKind::InvalidRecord
                    | ErrorKind::UnknownTopic
                    | ErrorKind::UnknownPartition
                    | ErrorKind::Unreachable
                    | ErrorKind::Gapless
            )
        };
        now >= self.deadline || self.error.is_some_and(has_no_place)
    }
}

//! The rules for every run. Each has a tag that starts its violations, so that a test of a broken
//! core can expect the violation of a certain rule.

use std::collections::BTreeMap;
use std::fmt;

/// Maximum number of violations of one rule that a run reports. One defect often affects many
/// records.
const REPORTED: u32 = 5;

/// The number of violations after which a run stops.
const HOPELESS: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// The run ends: all records are settled, and a closed machine finishes.
    Hang,
    /// Nothing panics.
    Panic,
    /// Each accepted record is settled exactly once, and no other record is settled.
    Settled,
    /// No record is settled after its deadline.
    Late,
    /// A flush ends after every record that was handed over before it.
    Flush,
    /// The memory in use is bounded, and all of it is free at the end.
    Memory,
    /// The machine's metrics agree with the events observed from outside.
    Counts,
    /// The caller is asked to place each record once, and in order.
    Placing,
    /// A call that waits for memory is notified once, after its record has left the memory queue.
    Admission,
    /// A record comes back with its own timestamp.
    Timestamp,
    /// A record is stored in its topic, and in the partition that the caller named.
    Place,
    /// A record is stored once in each incarnation of its topic.
    Twice,
    /// A record that was reported as not written is not stored.
    Stored,
    /// An acknowledged record is stored where the acknowledgement says.
    Lost,
    /// A partition's log holds records in the order in which they were handed over.
    Log,
    /// The records of an all-or-nothing batch are stored together or not at all.
    Whole,
    /// The records of one partition are settled in the order in which they were handed over; the
    /// exceptions are those of `ledger/order.rs`.
    Order,
    /// An error is fatal exactly if the machine accepts no more records after it.
    Fatal,
    /// The timeout that an error's text names is the one that has passed.
    Deadline,
    /// An error's text names the record's topic.
    Topic,
    /// A record for a topic that the machine knows to be deleted fails within the metadata timeout,
    /// and not with a delivery timeout.
    Unknown,
    /// A record does not fail for an unknown partition that all brokers know.
    Partition,
    /// A record that a broker rejects individually fails with the broker's message for it. Other
    /// records of the batch do not fail because of it, except in an all-or-nothing batch, in a
    /// gapless partition, or if they may be written already.
    Mates,
    /// The cluster may only create topics that records wait for.
    Created,
    /// The machine pauses between metadata and its next request, unless there is something new to
    /// ask about, or more than fits one request.
    Pause,
    /// The machine has the partition count that it last received for each topic.
    Size,
    /// A record without a chosen partition does not go into a partition that no longer exists.
    Ghost,
    /// Before the first successful login, a refusal fails all waiting records; later it fails none.
    /// Logins are retried after a pause.
    Refused,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tag = match self {
            Self::Hang => "hang",
            Self::Panic => "panic",
            Self::Settled => "settled",
            Self::Late => "late",
            Self::Flush => "flush",
            Self::Memory => "memory",
            Self::Counts => "counts",
            Self::Placing => "placing",
            Self::Admission => "admission",
            Self::Timestamp => "timestamp",
            Self::Place => "place",
            Self::Twice => "twice",
            Self::Stored => "stored",
            Self::Lost => "lost",
            Self::Log => "log",
            Self::Whole => "whole",
            Self::Order => "order",
            Self::Fatal => "fatal",
            Self::Deadline => "deadline",
            Self::Topic => "topic",
            Self::Unknown => "unknown",
            Self::Partition => "partition",
            Self::Mates => "mates",
            Self::Created => "created",
            Self::Pause => "pause",
            Self::Size => "size",
            Self::Ghost => "ghost",
            Self::Refused => "refused",
        };
        write!(f, "[{tag}]")
    }
}

#[derive(Debug, Default)]
pub(crate) struct Violations {
    list: Vec<String>,
    of_rule: BTreeMap<Rule, u32>,
}

impl Violations {
    pub(crate) fn add(&mut self, rule: Rule, what: &str) {
        let count = self.of_rule.entry(rule).or_default();
        *count += 1;
        if *count <= REPORTED {
            self.list.push(format!("{rule} {what}"));
        }
    }

    /// Returns whether there are too many violations to continue.
    pub(crate) fn are_hopeless(&self) -> bool {
        self.of_rule.values().sum::<u32>() as usize > HOPELESS
    }

    pub(crate) fn into_list(self) -> Vec<String> {
        self.list
    }
}

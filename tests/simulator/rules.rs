//! The rules that every run is held to, each with a tag that begins its violations. A tag says
//! which rule noticed something, so that a broken core can be expected to violate that very one.

use std::collections::BTreeMap;
use std::fmt;

/// How many violations of one rule a run reports. One defect often breaks a rule for many records.
const REPORTED: u32 = 5;

/// How many violations make it pointless to go on.
const HOPELESS: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// The run ends: everything is settled, and a closed machine finishes.
    Hang,
    /// Nothing panics.
    Panic,
    /// Each record that was taken in is settled once, and no other is.
    Settled,
    /// No record is settled after its deadline.
    Late,
    /// A flush ends after every record that was handed over before it.
    Flush,
    /// The memory in use is bounded, and all of it is free at the end.
    Memory,
    /// The machine's metrics agree with what was seen from outside.
    Counts,
    /// The caller is asked to place each record once, and in order.
    Placing,
    /// A call that waits for memory is told once, when its record has left the memory queue.
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
    /// The records of a whole batch are stored together or not at all.
    Whole,
    /// The records of one partition are settled in the order in which they were handed over; the
    /// exceptions are those of `ledger/order.rs`.
    Order,
    /// An error is fatal exactly if it is the one after which the machine takes nothing more.
    Fatal,
    /// The limit that an error's text names is the one that has passed.
    Deadline,
    /// An error's text names the record's topic.
    Topic,
    /// A record for a topic that is deleted, as the machine has been told, fails within the
    /// metadata timeout, and not for its delivery timeout.
    Unknown,
    /// A record for a partition that all brokers know does not fail because the producer does not.
    Partition,
    /// A record that a broker blames fails with what the broker said of it; its batch mates do not
    /// fail for it, unless they are to be stored together, are in a gapless partition, or may be
    /// written already.
    Mates,
    /// The cluster may create those topics alone that records wait for.
    Created,
    /// The machine pauses between an answer about the cluster and its next question, unless there is
    /// something new to ask about or too much for one question.
    Pause,
    /// The machine has as many partitions of a topic as it was last told.
    Size,
    /// A record that may go anywhere goes into none of the partitions that its topic had before.
    Ghost,
    /// A refused login fails what waits before any broker has let the client in, and nothing later;
    /// it is tried again after a pause.
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

/// The violations of one run.
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

    /// Whether so much is wrong that it is pointless to go on.
    pub(crate) fn are_hopeless(&self) -> bool {
        self.of_rule.values().sum::<u32>() as usize > HOPELESS
    }

    pub(crate) fn into_list(self) -> Vec<String> {
        self.list
    }
}

//! What the machine asks brokers besides storing records, and what they answer.

use std::sync::Arc;

use crate::error::Result;
use crate::protocol::MetadataResponse;

/// A question, and the broker that is to answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The broker.
    pub to: Recipient,
    /// What it is asked.
    pub what: Subject,
}

/// The broker that a question is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// Any broker of the cluster: the first that answers.
    AnyBroker,
}

/// What a broker is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The cluster's brokers and topics.
    Metadata(MetadataWanted),
    /// An id and an epoch for an idempotent producer.
    ProducerId,
}

/// An answer with what it answers, or why none came.
#[derive(Debug)]
pub enum Answer {
    /// To [`Subject::Metadata`].
    Metadata(MetadataWanted, Result<MetadataResponse>),
    /// To [`Subject::ProducerId`]: the id and the epoch.
    ProducerId(Result<(i64, i16)>),
}

/// Topics to ask the cluster about; with none of them, brokers alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataWanted {
    /// The topics' names.
    pub topics: Vec<Arc<str>>,
    /// Whether those that do not exist may be created. Then only topics are asked about that
    /// records wait for: a topic that was deleted must not come back by being asked about.
    pub may_create: bool,
    /// Whether to ask about all topics of the cluster, also those without records: see
    /// [`super::Machine::describe_cluster`].
    pub everything: bool,
}

//! The machine's questions to brokers besides produce requests, and their answers.

use std::sync::Arc;

use crate::error::Result;
use crate::protocol::MetadataResponse;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub to: Recipient,
    pub what: Subject,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// Any broker of the cluster: the first that answers.
    AnyBroker,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    Metadata(MetadataWanted),
    /// An id and an epoch for an idempotent producer.
    ProducerId,
}

/// An answer with its question, or the error if there is none.
#[derive(Debug)]
pub enum Answer {
    /// To [`Subject::Metadata`].
    Metadata(MetadataWanted, Result<MetadataResponse>),
    /// To [`Subject::ProducerId`]: the id and the epoch.
    ProducerId(Result<(i64, i16)>),
}

/// The topics of a metadata request; without topics, it is about brokers only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataWanted {
    pub topics: Vec<Arc<str>>,
    /// Whether missing topics may be created. Then the question names only topics that records wait
    /// for: it must not recreate a topic that was deleted.
    pub may_create: bool,
    /// Whether to ask about all topics of the cluster, also those without records: see
    /// [`super::Machine::describe_cluster`].
    pub everything: bool,
}

//! The error of the core: what happened, where, and why. Each layer creates its own; the Python
//! boundary maps each kind to an exception class. Messages say what to try.

mod codes;
mod foreign;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

pub use codes::ErrorCode;
pub use foreign::shown;

/// Maximum bytes of a topic name that is added to a message. Kafka allows no longer names.
const LONGEST_SHOWN_TOPIC: usize = 249;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The category of an error, which a caller can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is missing, malformed or contradicts another.
    Config,
    /// No broker could be reached, or not in time.
    Unreachable,
    /// No encrypted connection could be made, or the peer's certificate is not trusted.
    Tls,
    /// The broker refuses the client's credentials, or how they are presented.
    Authentication,
    /// The broker has authenticated the client, but does not allow the operation.
    Authorization,
    UnknownTopic,
    UnknownPartition,
    /// The record cannot be sent as it is: too large, or malformed.
    InvalidRecord,
    /// A key or a value could not be serialized.
    Serialization,
    DeliveryTimeout,
    /// A broker refused the batch permanently.
    Broker,
    Purged,
    /// `buffer_memory` has no room for the record, and too many records wait for room.
    BufferFull,
    /// The process has no memory for the record.
    OutOfMemory,
    /// An earlier record of a gapless partition failed permanently.
    Gapless,
    Closed,
    /// Broker and client have no protocol version in common.
    UnsupportedVersion,
    /// A peer sent bytes that are not Kafka's protocol.
    Protocol,
    /// The connection ended, or an answer did not come in time.
    Disconnected,
}

/// Where it happened, as far as known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    pub topic: Option<Arc<str>>,
    pub partition: Option<i32>,
    /// Kafka's error code; set also when the client itself refused.
    pub code: Option<ErrorCode>,
    /// Whether the record may be stored although it is reported as failed.
    pub maybe_written: bool,
    /// Whether the producer accepts nothing more because of this error.
    pub fatal: bool,
}

/// An error with its kind, context and cause. Cheap to clone: a batch's records share one.
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    message: Arc<str>,
    context: Box<Context>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Creates an error. The message says what happened and what to try.
    pub fn new(kind: ErrorKind, message: impl Into<Arc<str>>) -> Self {
        Self { kind, message: message.into(), context: Box::default(), source: None }
    }

    /// Sets the topic, and puts it in front of a message that does not mention it.
    #[must_use]
    pub fn topic(mut self, topic: &Arc<str>) -> Self {
        self.context.topic = Some(Arc::clone(topic));
        if topic.len() <= LONGEST_SHOWN_TOPIC && !self.message.contains(&**topic) {
            self.message = format!("topic \"{topic}\": {}", self.message).into();
        }
        self
    }

    #[must_use]
    pub fn partition(mut self, partition: i32) -> Self {
        self.context.partition = Some(partition);
        self
    }

    #[must_use]
    pub fn code(mut self, code: ErrorCode) -> Self {
        self.context.code = Some(code);
        self
    }

    /// Sets whether the record may be stored although it failed.
    #[must_use]
    pub fn maybe_written(mut self, maybe: bool) -> Self {
        self.context.maybe_written = maybe;
        self
    }

    /// Marks the error as fatal: the producer accepts nothing more.
    #[must_use]
    pub fn ends_producer(mut self) -> Self {
        self.context.fatal = true;
        self
    }

    #[must_use]
    pub fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Returns whether the same call may succeed later.
    pub fn retriable(&self) -> bool {
        match self.kind {
            ErrorKind::Unreachable
            | ErrorKind::UnknownTopic
            | ErrorKind::DeliveryTimeout
            | ErrorKind::BufferFull
            | ErrorKind::OutOfMemory
            | ErrorKind::Purged
            | ErrorKind::Disconnected => true,
            ErrorKind::Broker => self.context.code.is_some_and(ErrorCode::retriable),
            _ => false,
        }
    }

    /// Returns whether the connection itself was refused, by the broker or by this client. Another
    /// broker would refuse it for the same reason.
    pub fn refuses_connection(&self) -> bool {
        matches!(self.kind, ErrorKind::Tls | ErrorKind::Authentication)
    }

    /// Returns whether the producer accepts nothing more.
    pub fn fatal(&self) -> bool {
        self.kind == ErrorKind::Closed || self.context.fatal
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

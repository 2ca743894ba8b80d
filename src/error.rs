//! The one error of the core: what happened, where, and why. Each layer makes its own; the
//! boundary to Python gives each kind its class. Messages say what to try.

mod codes;
mod foreign;

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

pub use codes::ErrorCode;
pub use foreign::shown;

/// Bytes of the longest topic that a message is made to mention. Kafka's are shorter.
const LONGEST_SHOWN_TOPIC: usize = 249;

/// `Result` with the core's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What happened, in the categories that a caller can act on.
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
    /// The broker knows the client, and does not let it do this.
    Authorization,
    /// The cluster does not know the topic.
    UnknownTopic,
    /// The topic has no such partition.
    UnknownPartition,
    /// The record cannot be sent as it is: too large, or malformed.
    InvalidRecord,
    /// No bytes could be made of a key or a value.
    Serialization,
    /// The record's time was over before it was acknowledged.
    DeliveryTimeout,
    /// A broker refused the batch for good.
    Broker,
    /// The record was dropped by a purge.
    Purged,
    /// `buffer_memory` has no room for the record, and too many wait for some.
    BufferFull,
    /// The process has no memory for the record.
    OutOfMemory,
    /// An earlier record of a gapless partition failed for good.
    Gapless,
    /// The producer was closed.
    Closed,
    /// Broker and client have no version of the protocol in common.
    UnsupportedVersion,
    /// A peer sent bytes that are not Kafka's protocol.
    Protocol,
    /// The connection ended, or an answer did not come in time.
    Disconnected,
}

/// Where it happened, as far as that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The record's topic.
    pub topic: Option<Arc<str>>,
    /// The record's partition.
    pub partition: Option<i32>,
    /// Kafka's code, also when the client itself refused.
    pub code: Option<ErrorCode>,
    /// Whether the record may be stored although it is reported as failed.
    pub maybe_written: bool,
    /// Whether the producer accepts nothing more because of it.
    pub fatal: bool,
}

/// What went wrong, where, and what caused it. Cheap to clone: a batch's records share one.
#[derive(Debug, Clone)]
pub struct Error {
    kind: ErrorKind,
    message: Arc<str>,
    context: Box<Context>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of a kind, with a message that says what happened and what to try.
    pub fn new(kind: ErrorKind, message: impl Into<Arc<str>>) -> Self {
        Self { kind, message: message.into(), context: Box::default(), source: None }
    }

    /// Names the record's topic, and puts it before a message that does not mention it.
    #[must_use]
    pub fn topic(mut self, topic: &Arc<str>) -> Self {
        self.context.topic = Some(Arc::clone(topic));
        if topic.len() <= LONGEST_SHOWN_TOPIC && !self.message.contains(&**topic) {
            self.message = format!("topic \"{topic}\": {}", self.message).into();
        }
        self
    }

    /// Names the record's partition.
    #[must_use]
    pub fn partition(mut self, partition: i32) -> Self {
        self.context.partition = Some(partition);
        self
    }

    /// Adds Kafka's code.
    #[must_use]
    pub fn code(mut self, code: ErrorCode) -> Self {
        self.context.code = Some(code);
        self
    }

    /// Says whether the record may be stored although it failed.
    #[must_use]
    pub fn maybe_written(mut self, maybe: bool) -> Self {
        self.context.maybe_written = maybe;
        self
    }

    /// Says that the producer accepts nothing more.
    #[must_use]
    pub fn ends_producer(mut self) -> Self {
        self.context.fatal = true;
        self
    }

    /// Keeps what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// What happened.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Where it happened.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Whether the same call may succeed later.
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

    /// Whether the connection itself was refused, by the broker or by this client. Another broker
    /// would refuse it for the same reason.
    pub fn refuses_connection(&self) -> bool {
        matches!(self.kind, ErrorKind::Tls | ErrorKind::Authentication)
    }

    /// Whether the producer accepts nothing more.
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

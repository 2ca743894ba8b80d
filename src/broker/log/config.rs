//! What a log may be told: the topic's settings that concern it, and which Kafka it is.

/// A log's settings. The defaults are those of Kafka 4.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// `max.message.bytes`: of a batch as it is sent, compressed.
    pub max_message_bytes: usize,
    /// `message.timestamp.type`.
    pub timestamps: TimestampType,
    /// `message.timestamp.before.max.ms`; only looked at where records are decoded.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`; only looked at where records are decoded.
    pub timestamp_after_max_ms: i64,
    /// `cleanup.policy=compact`: every record needs a key. Implies [`Self::decodes`].
    pub compacted: bool,
    /// Whether every record is read before it is stored, as Kafka does. Without, only the
    /// batch's header and its checksum are looked at, for speed.
    pub decodes: bool,
    /// What an unknown producer may begin with.
    pub first_sequence: FirstSequence,
    /// Whether a producer is forgotten with its last record, as before Kafka 2.4.
    pub forgets_with_records: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            max_message_bytes: 1_048_588,
            timestamps: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            compacted: false,
            decodes: false,
            first_sequence: FirstSequence::Any,
            forgets_with_records: false,
        }
    }
}

/// Whose clock counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The broker's, when it appends.
    LogAppendTime,
}

/// Which first sequence number is accepted from a producer that the log knows nothing of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstSequence {
    /// Any, so that a batch may overtake the very first one, which is then lost (Kafka 2.5 to
    /// 4.4; KAFKA-15591).
    Any,
    /// 0 in a log that was never written to, else `OUT_OF_ORDER_SEQUENCE_NUMBER` (Kafka 4.5). A
    /// log that has lost its records, and their producers with them, still takes any.
    MustBeZero,
    /// 0, else `UNKNOWN_PRODUCER_ID` (before Kafka 2.5).
    ZeroOrUnknown,
}

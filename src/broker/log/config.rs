//! The topic configs that affect a log, and the differences between Kafka versions.

/// A log's configuration. The defaults are those of Kafka 4.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// `max.message.bytes`: limits the compressed size of a batch.
    pub max_message_bytes: usize,
    /// `message.timestamp.type`.
    pub timestamps: TimestampType,
    /// `message.timestamp.before.max.ms`; only checked if [`Self::validate_records`] is set.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`; only checked if [`Self::validate_records`] is set.
    pub timestamp_after_max_ms: i64,
    /// `cleanup.policy=compact`: every record needs a key. Implies [`Self::validate_records`].
    pub compacted: bool,
    /// Whether every record is decoded and validated on append, as in Kafka. Otherwise only the
    /// batch header and the checksum are checked, for speed.
    pub validate_records: bool,
    /// The first sequence number that is accepted from an unknown producer.
    pub first_sequence: FirstSequence,
    /// Whether a producer's state is removed with its last record, as before Kafka 2.4.
    pub expire_producers_with_records: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            max_message_bytes: 1_048_588,
            timestamps: TimestampType::CreateTime,
            timestamp_before_max_ms: i64::MAX,
            timestamp_after_max_ms: 3_600_000,
            compacted: false,
            validate_records: false,
            first_sequence: FirstSequence::Any,
            expire_producers_with_records: false,
        }
    }
}

/// The clock that sets record timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's clock.
    CreateTime,
    /// The broker's clock, on append.
    LogAppendTime,
}

/// The first sequence number that is accepted from an unknown producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstSequence {
    /// Any. A batch can then overtake the producer's very first one, which is lost (Kafka 2.5 to
    /// 4.4; KAFKA-15591).
    Any,
    /// 0 in a log that was never written to, otherwise `OUT_OF_ORDER_SEQUENCE_NUMBER` (Kafka 4.5).
    /// A log that has lost its records and producer states still accepts any.
    MustBeZero,
    /// 0, otherwise `UNKNOWN_PRODUCER_ID` (before Kafka 2.5).
    ZeroOrUnknown,
}

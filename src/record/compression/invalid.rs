//! Why compressed bytes cannot be decompressed.

use std::collections::TryReserveError;
use std::fmt;

use super::Codec;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidCompression {
    /// The attributes name a codec that Kafka does not have.
    UnknownCodec(i16),
    /// The bytes are not valid for the codec, or not in the form that Kafka requires.
    Corrupt(Codec, &'static str),
    /// The records are larger than the caller's limit.
    TooLarge { limit: usize },
    /// The process has no memory for the records.
    OutOfMemory,
}

impl From<TryReserveError> for InvalidCompression {
    fn from(_: TryReserveError) -> Self {
        Self::OutOfMemory
    }
}

impl fmt::Display for InvalidCompression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCodec(id) => write!(f, "there is no codec with the number {id}"),
            Self::Corrupt(codec, what) => write!(f, "the batch is no valid {codec}: {what}"),
            Self::TooLarge { limit } => {
                write!(f, "the batch holds more than {limit} bytes of records")
            }
            Self::OutOfMemory => f.write_str("the process has no memory for the batch's records"),
        }
    }
}

impl std::error::Error for InvalidCompression {}

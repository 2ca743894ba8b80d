//! Why a batch was not stored, in Kafka's codes and in words.

use std::fmt;

use crate::error::ErrorCode;
use crate::protocol::BatchIndexError;

/// Nothing was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What the produce response says.
    pub code: ErrorCode,
    /// What is wrong with the batch.
    pub message: String,
    /// The records that are to blame, if not all are.
    pub record_errors: Vec<BatchIndexError>,
}

impl Refusal {
    /// With a reason in words.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), record_errors: Vec::new() }
    }

    pub(super) fn corrupt(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::CORRUPT_MESSAGE, message)
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::INVALID_RECORD, message)
    }

    pub(super) fn out_of_order(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, message)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}

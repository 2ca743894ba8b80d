//! The reason for which a batch or request was rejected.

use std::fmt;

use crate::error::ErrorCode;
use crate::protocol::BatchIndexError;

/// A rejection: an error code with its explanation. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: ErrorCode,
    pub message: String,
    /// The invalid records, if only some are.
    pub record_errors: Vec<BatchIndexError>,
}

impl Refusal {
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

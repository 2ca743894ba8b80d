//! `InitProducerId`: the id and epoch by which brokers identify a producer's batches.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Asks for a new producer id, or for a new epoch of an existing one.
    InitProducerIdRequest {
        /// `None` for a producer that is only idempotent.
        transactional_id: Option<String>, 0..;
        /// The idle time after which the broker aborts a transaction.
        transaction_timeout_ms: i32, 0..;
        /// The producer's current id if it wants a new epoch of it (KIP-360), otherwise −1.
        producer_id: i64 = -1, 3..;
        /// The current id's epoch, otherwise −1.
        producer_epoch: i16 = -1, 3..;
    }
}

impl Request for InitProducerIdRequest {
    type Response = InitProducerIdResponse;
    const KEY: ApiKey = ApiKey::InitProducerId;
    // Version 6 adds two-phase commit (KIP-939), which no broker has enabled.
    const VERSIONS: (i16, i16) = (0, 5);
    const FLEXIBLE_FROM: i16 = 2;
}

message! {
    InitProducerIdResponse {
        throttle_time_ms: i32, 0..;
        error_code: ErrorCode, 0..;
        producer_id: i64 = -1, 0..;
        /// The first epoch is 0.
        producer_epoch: i16, 0..;
    }
}

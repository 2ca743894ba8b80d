//! `InitProducerId`: an id and an epoch, by which brokers recognise a producer's batches.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Asks for a producer id, or for a new epoch of one.
    InitProducerIdRequest {
        /// The transactional id; none for a producer that is only idempotent.
        transactional_id: Option<String>, 0..;
        /// How long a transaction may be idle before the broker aborts it.
        transaction_timeout_ms: i32, 0..;
        /// The id that the producer has and wants a new epoch of (KIP-360), else −1.
        producer_id: i64 = -1, 3..;
        /// That id's epoch, else −1.
        producer_epoch: i16 = -1, 3..;
    }
}

impl Request for InitProducerIdRequest {
    type Response = InitProducerIdResponse;
    const KEY: ApiKey = ApiKey::InitProducerId;
    // Version 6 adds two-phase commit (KIP-939), and no broker has it enabled.
    const VERSIONS: (i16, i16) = (0, 5);
    const FLEXIBLE_FROM: i16 = 2;
}

message! {
    /// The id to write into every batch.
    InitProducerIdResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 0..;
        /// Whether there is an id.
        error_code: ErrorCode, 0..;
        /// The id.
        producer_id: i64 = -1, 0..;
        /// Its epoch; the first is 0.
        producer_epoch: i16, 0..;
    }
}

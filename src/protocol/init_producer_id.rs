//! `InitProducerId`: gives a producer the id and epoch by which brokers know it.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Asks for an id, or for a new epoch of one.
    InitProducerIdRequest {
        /// The transaction the producer takes part in; none for idempotence alone.
        transactional_id: Option<String>, 0..;
        /// When a transaction that is left open is aborted.
        transaction_timeout_ms: i32, 0..;
        /// The id that the producer has, −1 if none.
        producer_id: i64 = -1, 3..;
        /// Its epoch, −1 if none.
        producer_epoch: i16 = -1, 3..;
    }
}

impl Request for InitProducerIdRequest {
    type Response = InitProducerIdResponse;
    const KEY: ApiKey = ApiKey::InitProducerId;
    const VERSIONS: (i16, i16) = (0, 5);
    const FLEXIBLE_FROM: i16 = 2;
}

message! {
    /// The producer's id and epoch.
    InitProducerIdResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 0..;
        /// Why there is none.
        error_code: ErrorCode, 0..;
        /// The id.
        producer_id: i64 = -1, 0..;
        /// The epoch.
        producer_epoch: i16, 0..;
    }
}

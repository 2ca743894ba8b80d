//! `SaslHandshake`: selects the SASL mechanism to authenticate with.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    SaslHandshakeRequest {
        /// Such as `SCRAM-SHA-512`.
        mechanism: String, 0..;
    }
}

impl Request for SaslHandshakeRequest {
    type Response = SaslHandshakeResponse;
    const KEY: ApiKey = ApiKey::SaslHandshake;
    // With version 0, the SASL messages that follow are not framed as requests.
    const VERSIONS: (i16, i16) = (1, 1);
    const FLEXIBLE_FROM: i16 = i16::MAX;
}

message! {
    SaslHandshakeResponse {
        error_code: ErrorCode, 0..;
        mechanisms: Vec<String>, 0..;
    }
}

//! `SaslHandshake`: which SASL mechanism the client wants to authenticate with.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Asks for a mechanism.
    SaslHandshakeRequest {
        /// The mechanism's name, as in `"SCRAM-SHA-512"`.
        mechanism: String, 0..;
    }
}

impl Request for SaslHandshakeRequest {
    type Response = SaslHandshakeResponse;
    const KEY: ApiKey = ApiKey::SaslHandshake;
    // After version 0, what follows is not framed as requests.
    const VERSIONS: (i16, i16) = (1, 1);
    const FLEXIBLE_FROM: i16 = i16::MAX;
}

message! {
    /// Whether the mechanism is enabled.
    SaslHandshakeResponse {
        /// Whether the client may authenticate with it.
        error_code: ErrorCode, 0..;
        /// The mechanisms that are enabled.
        mechanisms: Vec<String>, 0..;
    }
}

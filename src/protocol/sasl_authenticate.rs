//! `SaslAuthenticate`: one step of a SASL mechanism.

use bytes::Bytes;

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// What the client says in this step. It may hold a password: do not show it.
    SaslAuthenticateRequest {
        /// The mechanism's own bytes.
        auth_bytes: Bytes, 0..;
    }
}

impl Request for SaslAuthenticateRequest {
    type Response = SaslAuthenticateResponse;
    const KEY: ApiKey = ApiKey::SaslAuthenticate;
    const VERSIONS: (i16, i16) = (0, 2);
    const FLEXIBLE_FROM: i16 = 2;
}

message! {
    /// What the broker says to that.
    SaslAuthenticateResponse {
        /// Whether the step was accepted.
        error_code: ErrorCode, 0..;
        /// Why not.
        error_message: Option<String>, 0..;
        /// The mechanism's own bytes.
        auth_bytes: Bytes, 0..;
        /// After how many milliseconds the client must authenticate again; 0 is never.
        session_lifetime_ms: i64, 1..;
    }
}

//! `SaslAuthenticate` against the oracle.

use dekaf::protocol::{SaslAuthenticateRequest, SaslAuthenticateResponse};
use kafka_protocol::messages::{self};

use super::twins::{agree, twins};

twins! {
    SaslAuthenticateRequest = messages::SaslAuthenticateRequest {
        auth_bytes;
    }
}

twins! {
    SaslAuthenticateResponse = messages::SaslAuthenticateResponse {
        error_code;
        error_message;
        auth_bytes;
        session_lifetime_ms in 1..;
    }
}

agree!(SaslAuthenticateRequest, SaslAuthenticateResponse);

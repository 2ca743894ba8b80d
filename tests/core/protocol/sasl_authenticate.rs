//! `SaslAuthenticate` against the oracle.

use dekaf::protocol::{SaslAuthenticateRequest, SaslAuthenticateResponse};
use kafka_protocol::messages::{self};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    SaslAuthenticateRequest = messages::SaslAuthenticateRequest {
        auth_bytes;
    }
}

oracle_types! {
    SaslAuthenticateResponse = messages::SaslAuthenticateResponse {
        error_code;
        error_message;
        auth_bytes;
        session_lifetime_ms in 1..;
    }
}

agree!(SaslAuthenticateRequest, SaslAuthenticateResponse);

//! `SaslHandshake` against the oracle.

use dekaf::protocol::{SaslHandshakeRequest, SaslHandshakeResponse};
use kafka_protocol::messages::{self};

use super::twins::{agree, twins};

twins! {
    SaslHandshakeRequest = messages::SaslHandshakeRequest {
        mechanism;
    } without(tags)
}

twins! {
    SaslHandshakeResponse = messages::SaslHandshakeResponse {
        error_code;
        mechanisms;
    } without(tags)
}

agree!(SaslHandshakeRequest, SaslHandshakeResponse);

//! `SaslHandshake` against the oracle.

use dekaf::protocol::{SaslHandshakeRequest, SaslHandshakeResponse};
use kafka_protocol::messages::{self};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    SaslHandshakeRequest = messages::SaslHandshakeRequest {
        mechanism;
    } without(tags)
}

oracle_types! {
    SaslHandshakeResponse = messages::SaslHandshakeResponse {
        error_code;
        mechanisms;
    } without(tags)
}

agree!(SaslHandshakeRequest, SaslHandshakeResponse);

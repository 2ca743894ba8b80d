//! `SaslAuthenticate`: one step of a SASL mechanism.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;

use super::api::{ApiKey, Request};
use super::schema::{Field, Version, message};
use crate::error::ErrorCode;
use crate::wire::{Malformed, Reader, Writer};

/// The mechanism's data. It may contain a password, so `Debug` does not print it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SaslBytes(pub Bytes);

impl Field for SaslBytes {
    fn encode(&self, out: &mut Writer, version: Version) {
        self.0.encode(out, version);
    }

    fn decode(input: &mut Reader<'_>, version: Version) -> Result<Self, Malformed> {
        Bytes::decode(input, version).map(Self)
    }
}

impl Deref for SaslBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Bytes> for SaslBytes {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for SaslBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

message! {
    SaslAuthenticateRequest {
        auth_bytes: SaslBytes, 0..;
    }
}

impl Request for SaslAuthenticateRequest {
    type Response = SaslAuthenticateResponse;
    const KEY: ApiKey = ApiKey::SaslAuthenticate;
    const VERSIONS: (i16, i16) = (0, 2);
    const FLEXIBLE_FROM: i16 = 2;
}

message! {
    SaslAuthenticateResponse {
        error_code: ErrorCode, 0..;
        error_message: Option<String>, 0..;
        auth_bytes: SaslBytes, 0..;
        /// Milliseconds until the client must authenticate again; 0 means never.
        session_lifetime_ms: i64, 1..;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::AnyRequest;

    #[test]
    fn neither_message_shows_its_bytes() {
        let auth_bytes = SaslBytes(Bytes::from_static(b"\0alice\0canary"));
        let request = SaslAuthenticateRequest { auth_bytes: auth_bytes.clone() };
        let response = SaslAuthenticateResponse { auth_bytes, ..Default::default() };
        let shown = format!("{request:?} {response:?} {:?}", AnyRequest::from(request.clone()));
        assert_eq!(shown.matches("auth_bytes: ***").count(), 3, "{shown}");
        assert!(!shown.contains("canary"));
    }
}

//! What stands before every request and every response.

use super::schema::{Field, Version, decode_tagged};
use crate::wire::{Malformed, Reader, Writer};

/// A request's header, in the version that fits the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHeader {
    /// The API's number.
    pub api_key: i16,
    /// The version of the request that follows.
    pub api_version: i16,
    /// What the response will repeat.
    pub correlation_id: i32,
    /// Who asks; shows in the broker's logs and quotas.
    pub client_id: Option<String>,
}

/// The client id never became compact, so that every broker can read it.
const CLIENT_ID: Version = Version { number: 1, flexible: false };

impl RequestHeader {
    pub(super) fn encode(&self, out: &mut Writer, flexible: bool) {
        out.i16(self.api_key);
        out.i16(self.api_version);
        out.i32(self.correlation_id);
        self.client_id.encode(out, CLIENT_ID);
        if flexible {
            out.uvarint(0);
        }
    }

    /// Reads the header; `flexible_from` knows each API's first flexible version.
    pub fn decode(
        input: &mut Reader<'_>,
        flexible_from: impl Fn(i16) -> i16,
    ) -> Result<Self, Malformed> {
        let header = Self {
            api_key: input.i16()?,
            api_version: input.i16()?,
            correlation_id: input.i32()?,
            client_id: Field::decode(input, CLIENT_ID)?,
        };
        if header.api_version >= flexible_from(header.api_key) {
            decode_tagged(input, |_, _| Ok(()))?;
        }
        Ok(header)
    }
}

/// A response's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseHeader {
    /// The request that this answers.
    pub correlation_id: i32,
}

impl ResponseHeader {
    pub(super) fn encode(self, out: &mut Writer, flexible: bool) {
        out.i32(self.correlation_id);
        if flexible {
            out.uvarint(0);
        }
    }

    /// Reads the header.
    pub fn decode(input: &mut Reader<'_>, flexible: bool) -> Result<Self, Malformed> {
        let correlation_id = input.i32()?;
        if flexible {
            decode_tagged(input, |_, _| Ok(()))?;
        }
        Ok(Self { correlation_id })
    }
}

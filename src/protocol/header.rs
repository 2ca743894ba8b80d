//! The headers of requests and responses.

use super::schema::{Field, Version, decode_tagged};
use crate::wire::{Malformed, Reader, Writer};

/// A request header, in the header version that belongs to the request's version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHeader {
    pub api_key: i16,
    pub api_version: i16,
    /// Repeated in the response.
    pub correlation_id: i32,
    /// Shown in the broker's logs and used for quotas.
    pub client_id: Option<String>,
}

/// The client id is never compact, so that every broker can read it.
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

    /// Reads the header; `flexible_from` returns each API's first flexible version.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseHeader {
    pub correlation_id: i32,
}

impl ResponseHeader {
    pub(super) fn encode(self, out: &mut Writer, flexible: bool) {
        out.i32(self.correlation_id);
        if flexible {
            out.uvarint(0);
        }
    }

    pub fn decode(input: &mut Reader<'_>, flexible: bool) -> Result<Self, Malformed> {
        let correlation_id = input.i32()?;
        if flexible {
            decode_tagged(input, |_, _| Ok(()))?;
        }
        Ok(Self { correlation_id })
    }
}

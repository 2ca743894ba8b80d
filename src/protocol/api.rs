//! Which APIs there are, and what goes around a message: its key, version and header.

use bytes::Bytes;

use super::header::{RequestHeader, ResponseHeader};
use super::schema::{Field, Version};
use crate::wire::{LENGTH_SIZE, Malformed, Reader, Writer};

/// The APIs this crate speaks, by Kafka's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i16)]
pub enum ApiKey {
    /// Stores record batches.
    Produce = 0,
    /// Describes brokers, topics and partitions.
    Metadata = 3,
    /// Says which versions of which APIs a broker speaks.
    ApiVersions = 18,
    /// Hands out producer ids.
    InitProducerId = 22,
}

/// A request: its API, the versions we speak, and its answer.
pub trait Request: Field {
    /// What the broker answers.
    type Response: Field;
    /// The API's number.
    const KEY: ApiKey;
    /// The oldest and the newest version we speak.
    const VERSIONS: (i16, i16);
    /// The first version with compact lengths and tagged fields.
    const FLEXIBLE_FROM: i16;

    /// The version with what follows from it.
    fn version(number: i16) -> Version {
        Version { number, flexible: number >= Self::FLEXIBLE_FROM }
    }
}

/// A whole frame: length, header, request.
pub fn encode_request<R: Request>(
    request: &R,
    version: i16,
    correlation_id: i32,
    client_id: &str,
) -> Bytes {
    let version = R::version(version);
    let mut out = Writer::new();
    out.i32(0);
    RequestHeader {
        api_key: R::KEY as i16,
        api_version: version.number,
        correlation_id,
        client_id: Some(client_id.to_owned()),
    }
    .encode(&mut out, version.flexible);
    request.encode(&mut out, version);
    out.patch_i32(0, (out.len() - LENGTH_SIZE) as i32);
    out.take()
}

/// The answer in a frame whose length has been taken off.
pub fn decode_response<R: Request>(frame: &Bytes, version: i16) -> Result<R::Response, Malformed> {
    let version = R::version(version);
    let mut input = Reader::new(frame);
    // A client that asks for its versions cannot know them yet, so this header never grew.
    let flexible_header = version.flexible && R::KEY != ApiKey::ApiVersions;
    ResponseHeader::decode(&mut input, flexible_header)?;
    let response = R::Response::decode(&mut input, version)?;
    input.finish()?;
    Ok(response)
}

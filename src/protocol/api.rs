//! The API keys, the [`Request`] trait, and the framing of requests and responses.

use bytes::Bytes;

use super::header::{RequestHeader, ResponseHeader};
use super::schema::{Field, Version};
use crate::wire::{LENGTH_SIZE, Malformed, Reader, Writer};

/// The supported APIs, by Kafka's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i16)]
pub enum ApiKey {
    Produce = 0,
    Fetch = 1,
    /// Finds offsets by timestamp.
    ListOffsets = 2,
    Metadata = 3,
    /// Stores a group's committed offsets.
    OffsetCommit = 8,
    /// Returns a group's committed offsets.
    OffsetFetch = 9,
    /// Finds the coordinator of a group or a transaction.
    FindCoordinator = 10,
    JoinGroup = 11,
    Heartbeat = 12,
    LeaveGroup = 13,
    /// Distributes the leader's partition assignment to a group's members.
    SyncGroup = 14,
    DescribeGroups = 15,
    ListGroups = 16,
    SaslHandshake = 17,
    /// Lists the APIs and versions that a broker supports.
    ApiVersions = 18,
    CreateTopics = 19,
    DeleteTopics = 20,
    /// Deletes the oldest records of partitions.
    DeleteRecords = 21,
    /// Allocates producer ids and epochs.
    InitProducerId = 22,
    DescribeConfigs = 32,
    /// Performs one step of a SASL mechanism.
    SaslAuthenticate = 36,
    CreatePartitions = 37,
}

/// A request type: its API key, its versions and its response type.
pub trait Request: Field {
    type Response: Field;
    const KEY: ApiKey;
    /// The oldest and newest version that the client supports. For an API that the client does not
    /// use, those that the in-process broker serves.
    const VERSIONS: (i16, i16);
    /// The oldest and newest version that the in-process broker serves: all of `VERSIONS`, and
    /// older ones that only other clients use.
    const SERVED: (i16, i16) = Self::VERSIONS;
    /// The first version with compact lengths and tagged fields.
    const FLEXIBLE_FROM: i16;

    /// Returns the version with its encoding.
    fn version(number: i16) -> Version {
        Version { number, flexible: number >= Self::FLEXIBLE_FROM }
    }

    /// Returns whether the response header has tagged fields. An `ApiVersions` response never has
    /// them: its client does not yet know what the broker supports.
    fn flexible_answer(version: Version) -> bool {
        version.flexible && Self::KEY != ApiKey::ApiVersions
    }
}

/// Encodes a complete frame: length, header and request.
pub fn encode_request<R: Request>(
    request: &R,
    version: i16,
    correlation_id: i32,
    client_id: &str,
) -> Bytes {
    let version = R::version(version);
    framed(|out| {
        let header = RequestHeader {
            api_key: R::KEY as i16,
            api_version: version.number,
            correlation_id,
            client_id: Some(client_id.to_owned()),
        };
        header.encode(out, version.flexible);
        request.encode(out, version);
    })
}

/// Decodes a response frame without its length prefix.
pub fn decode_response<R: Request>(frame: &Bytes, version: i16) -> Result<R::Response, Malformed> {
    let version = R::version(version);
    let mut input = Reader::new(frame);
    ResponseHeader::decode(&mut input, R::flexible_answer(version))?;
    let response = R::Response::decode(&mut input, version)?;
    input.finish()?;
    Ok(response)
}

/// Encodes a complete frame: length, header and response. The version and the correlation id must
/// be those of the request.
pub fn encode_response<R: Request>(
    response: &R::Response,
    version: i16,
    correlation_id: i32,
) -> Bytes {
    let version = R::version(version);
    framed(|out| {
        ResponseHeader { correlation_id }.encode(out, R::flexible_answer(version));
        response.encode(out, version);
    })
}

/// Prefixes the output of `write` with its length.
fn framed(write: impl FnOnce(&mut Writer)) -> Bytes {
    let mut out = Writer::new();
    out.i32(0);
    write(&mut out);
    out.patch_i32(0, (out.len() - LENGTH_SIZE) as i32);
    out.take()
}

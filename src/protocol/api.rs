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
    /// Reads record batches.
    Fetch = 1,
    /// Finds offsets by time.
    ListOffsets = 2,
    /// Describes brokers, topics and partitions.
    Metadata = 3,
    /// Remembers how far a group has read.
    OffsetCommit = 8,
    /// Says how far a group has read.
    OffsetFetch = 9,
    /// Says which broker looks after a group or a transaction.
    FindCoordinator = 10,
    /// Enters a group.
    JoinGroup = 11,
    /// Stays in a group.
    Heartbeat = 12,
    /// Leaves a group.
    LeaveGroup = 13,
    /// Shares out partitions in a group.
    SyncGroup = 14,
    /// Describes groups and their members.
    DescribeGroups = 15,
    /// Lists groups.
    ListGroups = 16,
    /// Chooses a SASL mechanism.
    SaslHandshake = 17,
    /// Says which versions of which APIs a broker speaks.
    ApiVersions = 18,
    /// Makes topics.
    CreateTopics = 19,
    /// Removes topics.
    DeleteTopics = 20,
    /// Removes the oldest records of partitions.
    DeleteRecords = 21,
    /// Hands out producer ids.
    InitProducerId = 22,
    /// Describes the settings of topics and brokers.
    DescribeConfigs = 32,
    /// Takes a step of a SASL mechanism.
    SaslAuthenticate = 36,
    /// Adds partitions to topics.
    CreatePartitions = 37,
}

/// A request: its API, the versions of it, and its answer.
pub trait Request: Field {
    /// What the broker answers.
    type Response: Field;
    /// The API's number.
    const KEY: ApiKey;
    /// The oldest and the newest version that our client speaks; of an API that it does not use,
    /// those that our broker serves.
    const VERSIONS: (i16, i16);
    /// The oldest and the newest version that our broker serves: all of `VERSIONS`, and older
    /// ones that only other clients speak.
    const SERVED: (i16, i16) = Self::VERSIONS;
    /// The first version with compact lengths and tagged fields.
    const FLEXIBLE_FROM: i16;

    /// The version with what follows from it.
    fn version(number: i16) -> Version {
        Version { number, flexible: number >= Self::FLEXIBLE_FROM }
    }

    /// Whether the answer's header has tagged fields. A client that asks for a broker's versions
    /// cannot know them yet, so that answer's never grew.
    fn flexible_answer(version: Version) -> bool {
        version.flexible && Self::KEY != ApiKey::ApiVersions
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

/// The answer in a frame whose length has been taken off.
pub fn decode_response<R: Request>(frame: &Bytes, version: i16) -> Result<R::Response, Malformed> {
    let version = R::version(version);
    let mut input = Reader::new(frame);
    ResponseHeader::decode(&mut input, R::flexible_answer(version))?;
    let response = R::Response::decode(&mut input, version)?;
    input.finish()?;
    Ok(response)
}

/// A whole frame: length, header, answer, in the version and with the correlation id that the
/// request had.
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

/// What `write` writes, behind its length.
fn framed(write: impl FnOnce(&mut Writer)) -> Bytes {
    let mut out = Writer::new();
    out.i32(0);
    write(&mut out);
    out.patch_i32(0, (out.len() - LENGTH_SIZE) as i32);
    out.take()
}

//! The APIs and versions that the in-process broker serves, and the decoding of its requests.

use bytes::Bytes;

use super::api::{ApiKey, Request};
use super::api_versions::{ApiVersion, ApiVersionsRequest};
use super::create_partitions::CreatePartitionsRequest;
use super::create_topics::CreateTopicsRequest;
use super::delete_records::DeleteRecordsRequest;
use super::delete_topics::DeleteTopicsRequest;
use super::describe_configs::DescribeConfigsRequest;
use super::describe_groups::DescribeGroupsRequest;
use super::fetch::FetchRequest;
use super::find_coordinator::FindCoordinatorRequest;
use super::header::RequestHeader;
use super::heartbeat::HeartbeatRequest;
use super::init_producer_id::InitProducerIdRequest;
use super::join_group::JoinGroupRequest;
use super::leave_group::LeaveGroupRequest;
use super::list_groups::ListGroupsRequest;
use super::list_offsets::ListOffsetsRequest;
use super::metadata::MetadataRequest;
use super::offset_commit::OffsetCommitRequest;
use super::offset_fetch::OffsetFetchRequest;
use super::produce::ProduceRequest;
use super::sasl_authenticate::SaslAuthenticateRequest;
use super::sasl_handshake::SaslHandshakeRequest;
use super::schema::Field;
use super::sync_group::SyncGroupRequest;
use crate::wire::{Malformed, Reader};

macro_rules! served {
    ($($api:ident: $request:ident,)*) => {
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum AnyRequest {
            $($api($request),)*
        }

        impl ApiKey {
            pub const ALL: [Self; [$(ApiKey::$api),*].len()] = [$(Self::$api),*];
        }

        impl AnyRequest {
            pub fn api_key(&self) -> ApiKey {
                match self {
                    $(Self::$api(_) => ApiKey::$api,)*
                }
            }
        }

        $(impl From<$request> for AnyRequest {
            fn from(request: $request) -> Self {
                Self::$api(request)
            }
        })*

        /// Every API with its served versions, as in the `ApiVersions` response.
        pub const SERVED: [ApiVersion; [$(ApiKey::$api),*].len()] = [$(ApiVersion {
            api_key: <$request>::KEY as i16,
            min_version: <$request>::SERVED.0,
            max_version: <$request>::SERVED.1,
        }),*];

        fn flexible_from(api_key: i16) -> i16 {
            $(if api_key == ApiKey::$api as i16 {
                return <$request>::FLEXIBLE_FROM;
            })*
            i16::MAX
        }

        fn decode_body(
            header: &RequestHeader,
            input: &mut Reader<'_>,
        ) -> Result<Option<AnyRequest>, Malformed> {
            let number = header.api_version;
            $(if header.api_key == ApiKey::$api as i16 {
                let (oldest, newest) = <$request>::SERVED;
                if !(oldest..=newest).contains(&number) {
                    return Ok(None);
                }
                // Ignore trailing bytes, as Kafka does: librdkafka sends three too many when it
                // requests all topics.
                let request = <$request>::decode(input, <$request>::version(number))?;
                return Ok(Some(AnyRequest::$api(request)));
            })*
            Ok(None)
        }
    };
}

served! {
    Produce: ProduceRequest,
    Fetch: FetchRequest,
    ListOffsets: ListOffsetsRequest,
    Metadata: MetadataRequest,
    OffsetCommit: OffsetCommitRequest,
    OffsetFetch: OffsetFetchRequest,
    FindCoordinator: FindCoordinatorRequest,
    JoinGroup: JoinGroupRequest,
    Heartbeat: HeartbeatRequest,
    LeaveGroup: LeaveGroupRequest,
    SyncGroup: SyncGroupRequest,
    DescribeGroups: DescribeGroupsRequest,
    ListGroups: ListGroupsRequest,
    SaslHandshake: SaslHandshakeRequest,
    ApiVersions: ApiVersionsRequest,
    CreateTopics: CreateTopicsRequest,
    DeleteTopics: DeleteTopicsRequest,
    DeleteRecords: DeleteRecordsRequest,
    InitProducerId: InitProducerIdRequest,
    DescribeConfigs: DescribeConfigsRequest,
    SaslAuthenticate: SaslAuthenticateRequest,
    CreatePartitions: CreatePartitionsRequest,
}

/// Decodes a request frame without its length prefix. The request is `None` if its API or version
/// is not served. A broker then answers an `ApiVersions` request in version 0, and closes the
/// connection for any other API.
pub fn decode_request(frame: &Bytes) -> Result<(RequestHeader, Option<AnyRequest>), Malformed> {
    let mut input = Reader::new(frame);
    let header = RequestHeader::decode(&mut input, flexible_from)?;
    let request = decode_body(&header, &mut input)?;
    Ok((header, request))
}

//! Runs a test for every API; the fuzz targets include this file.

/// Calls a generic function for the request of every API.
macro_rules! for_every_api {
    ($call:ident($($argument:expr),*)) => {
        $call::<dekaf::protocol::ProduceRequest>($($argument),*);
        $call::<dekaf::protocol::FetchRequest>($($argument),*);
        $call::<dekaf::protocol::ListOffsetsRequest>($($argument),*);
        $call::<dekaf::protocol::MetadataRequest>($($argument),*);
        $call::<dekaf::protocol::OffsetCommitRequest>($($argument),*);
        $call::<dekaf::protocol::OffsetFetchRequest>($($argument),*);
        $call::<dekaf::protocol::FindCoordinatorRequest>($($argument),*);
        $call::<dekaf::protocol::JoinGroupRequest>($($argument),*);
        $call::<dekaf::protocol::HeartbeatRequest>($($argument),*);
        $call::<dekaf::protocol::LeaveGroupRequest>($($argument),*);
        $call::<dekaf::protocol::SyncGroupRequest>($($argument),*);
        $call::<dekaf::protocol::DescribeGroupsRequest>($($argument),*);
        $call::<dekaf::protocol::ListGroupsRequest>($($argument),*);
        $call::<dekaf::protocol::SaslHandshakeRequest>($($argument),*);
        $call::<dekaf::protocol::ApiVersionsRequest>($($argument),*);
        $call::<dekaf::protocol::CreateTopicsRequest>($($argument),*);
        $call::<dekaf::protocol::DeleteTopicsRequest>($($argument),*);
        $call::<dekaf::protocol::DeleteRecordsRequest>($($argument),*);
        $call::<dekaf::protocol::InitProducerIdRequest>($($argument),*);
        $call::<dekaf::protocol::DescribeConfigsRequest>($($argument),*);
        $call::<dekaf::protocol::SaslAuthenticateRequest>($($argument),*);
        $call::<dekaf::protocol::CreatePartitionsRequest>($($argument),*);
    };
}

pub(crate) use for_every_api;

//! Messages against `kafka-protocol`, which is generated from Kafka's own definitions: for
//! every API and every version we speak, each reads what the other wrote, and both write the
//! same bytes.

mod api_versions;
mod create_partitions;
mod create_topics;
mod delete_records;
mod delete_topics;
mod describe_configs;
mod describe_groups;
mod fetch;
mod find_coordinator;
mod headers;
mod heartbeat;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_groups;
mod list_offsets;
mod metadata;
mod offset_commit;
mod offset_fetch;
mod oracle;
mod produce;
mod produce_pieces;
mod served;
mod sync_group;
mod twins;
pub(crate) mod values;

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
        $call::<dekaf::protocol::ApiVersionsRequest>($($argument),*);
        $call::<dekaf::protocol::CreateTopicsRequest>($($argument),*);
        $call::<dekaf::protocol::DeleteTopicsRequest>($($argument),*);
        $call::<dekaf::protocol::DeleteRecordsRequest>($($argument),*);
        $call::<dekaf::protocol::InitProducerIdRequest>($($argument),*);
        $call::<dekaf::protocol::DescribeConfigsRequest>($($argument),*);
        $call::<dekaf::protocol::CreatePartitionsRequest>($($argument),*);
    };
}

pub(crate) use for_every_api;

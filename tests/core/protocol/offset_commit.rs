//! `OffsetCommit` against the oracle.

use dekaf::protocol::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::{self, offset_commit_request, offset_commit_response};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    OffsetCommitRequestPartition = offset_commit_request::OffsetCommitRequestPartition {
        partition_index;
        committed_offset;
        committed_leader_epoch in 6..;
        committed_metadata;
    }
}

oracle_types! {
    OffsetCommitRequestTopic = offset_commit_request::OffsetCommitRequestTopic {
        name;
        partitions;
    }
}

oracle_types! {
    OffsetCommitRequest = messages::OffsetCommitRequest {
        group_id;
        generation_id, as generation_id_or_member_epoch;
        member_id;
        group_instance_id in 7..;
        retention_time_ms in ..=4;
        topics;
    }
}

oracle_types! {
    OffsetCommitResponsePartition = offset_commit_response::OffsetCommitResponsePartition {
        partition_index;
        error_code;
    }
}

oracle_types! {
    OffsetCommitResponseTopic = offset_commit_response::OffsetCommitResponseTopic {
        name;
        partitions;
    }
}

oracle_types! {
    OffsetCommitResponse = messages::OffsetCommitResponse {
        throttle_time_ms in 3..;
        topics;
    }
}

agree!(OffsetCommitRequest, OffsetCommitResponse);

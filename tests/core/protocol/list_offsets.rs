//! `ListOffsets` against the oracle.

use dekaf::protocol::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopic, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::{self, list_offsets_request, list_offsets_response};

use super::twins::{agree, twins};

twins! {
    ListOffsetsPartition = list_offsets_request::ListOffsetsPartition {
        partition_index;
        current_leader_epoch in 4..;
        timestamp;
    }
}

twins! {
    ListOffsetsTopic = list_offsets_request::ListOffsetsTopic {
        name;
        partitions;
    }
}

twins! {
    ListOffsetsRequest = messages::ListOffsetsRequest {
        replica_id;
        isolation_level in 2..;
        topics;
    }
}

twins! {
    ListOffsetsPartitionResponse = list_offsets_response::ListOffsetsPartitionResponse {
        partition_index;
        error_code;
        timestamp;
        offset;
        leader_epoch in 4..;
    }
}

twins! {
    ListOffsetsTopicResponse = list_offsets_response::ListOffsetsTopicResponse {
        name;
        partitions;
    }
}

twins! {
    ListOffsetsResponse = messages::ListOffsetsResponse {
        throttle_time_ms in 2..;
        topics;
    }
}

agree!(ListOffsetsRequest, ListOffsetsResponse);

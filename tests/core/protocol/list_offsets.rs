//! `ListOffsets` against the oracle.

use dekaf::protocol::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopic, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::{self, list_offsets_request, list_offsets_response};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    ListOffsetsPartition = list_offsets_request::ListOffsetsPartition {
        partition_index;
        current_leader_epoch in 4..;
        timestamp;
    }
}

oracle_types! {
    ListOffsetsTopic = list_offsets_request::ListOffsetsTopic {
        name;
        partitions;
    }
}

oracle_types! {
    ListOffsetsRequest = messages::ListOffsetsRequest {
        replica_id;
        isolation_level in 2..;
        topics;
    }
}

oracle_types! {
    ListOffsetsPartitionResponse = list_offsets_response::ListOffsetsPartitionResponse {
        partition_index;
        error_code;
        timestamp;
        offset;
        leader_epoch in 4..;
    }
}

oracle_types! {
    ListOffsetsTopicResponse = list_offsets_response::ListOffsetsTopicResponse {
        name;
        partitions;
    }
}

oracle_types! {
    ListOffsetsResponse = messages::ListOffsetsResponse {
        throttle_time_ms in 2..;
        topics;
    }
}

agree!(ListOffsetsRequest, ListOffsetsResponse);

//! `DeleteRecords` against the oracle.

use dekaf::protocol::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsRequest,
    DeleteRecordsResponse, DeleteRecordsTopic, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::{self, delete_records_request, delete_records_response};

use super::twins::{agree, twins};

twins! {
    DeleteRecordsPartition = delete_records_request::DeleteRecordsPartition {
        partition_index;
        offset;
    }
}

twins! {
    DeleteRecordsTopic = delete_records_request::DeleteRecordsTopic {
        name;
        partitions;
    }
}

twins! {
    DeleteRecordsRequest = messages::DeleteRecordsRequest {
        topics;
        timeout_ms;
    }
}

twins! {
    DeleteRecordsPartitionResult = delete_records_response::DeleteRecordsPartitionResult {
        partition_index;
        low_watermark;
        error_code;
    }
}

twins! {
    DeleteRecordsTopicResult = delete_records_response::DeleteRecordsTopicResult {
        name;
        partitions;
    }
}

twins! {
    DeleteRecordsResponse = messages::DeleteRecordsResponse {
        throttle_time_ms;
        topics;
    }
}

agree!(DeleteRecordsRequest, DeleteRecordsResponse);

//! `DeleteRecords` against the oracle.

use dekaf::protocol::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsRequest,
    DeleteRecordsResponse, DeleteRecordsTopic, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::{self, delete_records_request, delete_records_response};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    DeleteRecordsPartition = delete_records_request::DeleteRecordsPartition {
        partition_index;
        offset;
    }
}

oracle_types! {
    DeleteRecordsTopic = delete_records_request::DeleteRecordsTopic {
        name;
        partitions;
    }
}

oracle_types! {
    DeleteRecordsRequest = messages::DeleteRecordsRequest {
        topics;
        timeout_ms;
    }
}

oracle_types! {
    DeleteRecordsPartitionResult = delete_records_response::DeleteRecordsPartitionResult {
        partition_index;
        low_watermark;
        error_code;
    }
}

oracle_types! {
    DeleteRecordsTopicResult = delete_records_response::DeleteRecordsTopicResult {
        name;
        partitions;
    }
}

oracle_types! {
    DeleteRecordsResponse = messages::DeleteRecordsResponse {
        throttle_time_ms;
        topics;
    }
}

agree!(DeleteRecordsRequest, DeleteRecordsResponse);

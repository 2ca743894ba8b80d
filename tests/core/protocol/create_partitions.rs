//! `CreatePartitions` against the oracle.

use dekaf::protocol::{
    CreatePartitionsAssignment, CreatePartitionsRequest, CreatePartitionsResponse,
    CreatePartitionsTopic, CreatePartitionsTopicResult,
};
use kafka_protocol::messages::{self, create_partitions_request, create_partitions_response};

use super::twins::{agree, twins};

twins! {
    CreatePartitionsAssignment = create_partitions_request::CreatePartitionsAssignment {
        broker_ids;
    }
}

twins! {
    CreatePartitionsTopic = create_partitions_request::CreatePartitionsTopic {
        name;
        count;
        assignments;
    }
}

twins! {
    CreatePartitionsRequest = messages::CreatePartitionsRequest {
        topics;
        timeout_ms;
        validate_only;
    }
}

twins! {
    CreatePartitionsTopicResult = create_partitions_response::CreatePartitionsTopicResult {
        name;
        error_code;
        error_message;
    }
}

twins! {
    CreatePartitionsResponse = messages::CreatePartitionsResponse {
        throttle_time_ms;
        results;
    }
}

agree!(CreatePartitionsRequest, CreatePartitionsResponse);

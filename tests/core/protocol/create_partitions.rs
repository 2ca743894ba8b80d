//! `CreatePartitions` against the oracle.

use dekaf::protocol::{
    CreatePartitionsAssignment, CreatePartitionsRequest, CreatePartitionsResponse,
    CreatePartitionsTopic, CreatePartitionsTopicResult,
};
use kafka_protocol::messages::{self, create_partitions_request, create_partitions_response};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    CreatePartitionsAssignment = create_partitions_request::CreatePartitionsAssignment {
        broker_ids;
    }
}

oracle_types! {
    CreatePartitionsTopic = create_partitions_request::CreatePartitionsTopic {
        name;
        count;
        assignments;
    }
}

oracle_types! {
    CreatePartitionsRequest = messages::CreatePartitionsRequest {
        topics;
        timeout_ms;
        validate_only;
    }
}

oracle_types! {
    CreatePartitionsTopicResult = create_partitions_response::CreatePartitionsTopicResult {
        name;
        error_code;
        error_message;
    }
}

oracle_types! {
    CreatePartitionsResponse = messages::CreatePartitionsResponse {
        throttle_time_ms;
        results;
    }
}

agree!(CreatePartitionsRequest, CreatePartitionsResponse);

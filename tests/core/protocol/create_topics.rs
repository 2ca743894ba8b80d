//! `CreateTopics` against the oracle.

use dekaf::protocol::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreatableTopicConfigs,
    CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};
use kafka_protocol::messages::{self, create_topics_request, create_topics_response};

use super::twins::{agree, twins};

twins! {
    CreatableReplicaAssignment = create_topics_request::CreatableReplicaAssignment {
        partition_index;
        broker_ids;
    }
}

twins! {
    CreatableTopicConfig = create_topics_request::CreatableTopicConfig {
        name;
        value;
    }
}

twins! {
    CreatableTopic = create_topics_request::CreatableTopic {
        name;
        num_partitions;
        replication_factor;
        assignments;
        configs;
    }
}

twins! {
    CreateTopicsRequest = messages::CreateTopicsRequest {
        topics;
        timeout_ms;
        validate_only;
    }
}

twins! {
    CreatableTopicConfigs = create_topics_response::CreatableTopicConfigs {
        name;
        value;
        read_only;
        config_source;
        is_sensitive;
    }
}

twins! {
    CreatableTopicResult = create_topics_response::CreatableTopicResult {
        name;
        topic_id in 7..;
        error_code;
        error_message;
        num_partitions in 5..;
        replication_factor in 5..;
        configs in 5..;
    } tagged {
        topic_config_error_code in 5..;
    }
}

twins! {
    CreateTopicsResponse = messages::CreateTopicsResponse {
        throttle_time_ms;
        topics;
    }
}

agree!(CreateTopicsRequest, CreateTopicsResponse);

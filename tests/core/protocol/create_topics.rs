//! `CreateTopics` against the oracle.

use dekaf::protocol::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreatableTopicConfigs,
    CreatableTopicResult, CreateTopicsRequest, CreateTopicsResponse,
};
use kafka_protocol::messages::{self, create_topics_request, create_topics_response};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    CreatableReplicaAssignment = create_topics_request::CreatableReplicaAssignment {
        partition_index;
        broker_ids;
    }
}

oracle_types! {
    CreatableTopicConfig = create_topics_request::CreatableTopicConfig {
        name;
        value;
    }
}

oracle_types! {
    CreatableTopic = create_topics_request::CreatableTopic {
        name;
        num_partitions;
        replication_factor;
        assignments;
        configs;
    }
}

oracle_types! {
    CreateTopicsRequest = messages::CreateTopicsRequest {
        topics;
        timeout_ms;
        validate_only;
    }
}

oracle_types! {
    CreatableTopicConfigs = create_topics_response::CreatableTopicConfigs {
        name;
        value;
        read_only;
        config_source;
        is_sensitive;
    }
}

oracle_types! {
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

oracle_types! {
    CreateTopicsResponse = messages::CreateTopicsResponse {
        throttle_time_ms;
        topics;
    }
}

agree!(CreateTopicsRequest, CreateTopicsResponse);

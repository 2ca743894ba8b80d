//! `DeleteTopics` against the oracle: by name, and by name or id.

use dekaf::protocol::{
    DeletableTopicResult, DeleteTopicState, DeleteTopicsRequest, DeleteTopicsResponse,
};
use kafka_protocol::messages::{self, delete_topics_request, delete_topics_response};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    DeleteTopicState = delete_topics_request::DeleteTopicState {
        name;
        topic_id;
    }
}

oracle_types! {
    DeleteTopicsRequest = messages::DeleteTopicsRequest {
        topics in 6..;
        topic_names in ..=5;
        timeout_ms;
    }
}

oracle_types! {
    DeletableTopicResult = delete_topics_response::DeletableTopicResult {
        name, null in 6..;
        topic_id in 6..;
        error_code;
        error_message in 5..;
    }
}

oracle_types! {
    DeleteTopicsResponse = messages::DeleteTopicsResponse {
        throttle_time_ms;
        responses;
    }
}

agree!(DeleteTopicsRequest, DeleteTopicsResponse);

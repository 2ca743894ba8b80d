//! `DeleteTopics`: deletes topics by name or, from version 6 on, by id.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// A topic, either by name or by id.
    DeleteTopicState {
        name: Option<String>, 6..;
        /// Zero if the topic is given by name.
        topic_id: u128, 6..;
    }
}

message! {
    DeleteTopicsRequest {
        topics: Vec<DeleteTopicState>, 6..;
        topic_names: Vec<String>, 0..=5;
        /// How long the broker may wait until the topics are deleted.
        timeout_ms: i32, 0..;
    }
}

impl Request for DeleteTopicsRequest {
    type Response = DeleteTopicsResponse;
    const KEY: ApiKey = ApiKey::DeleteTopics;
    // Current brokers no longer support version 0.
    const VERSIONS: (i16, i16) = (1, 6);
    const FLEXIBLE_FROM: i16 = 4;
}

message! {
    DeletableTopicResult {
        /// `None` if the request had an id that the client may not resolve.
        name: Option<String>, 0..;
        topic_id: u128, 6..;
        error_code: ErrorCode, 0..;
        error_message: Option<String>, 5..;
    }
}

message! {
    DeleteTopicsResponse {
        throttle_time_ms: i32, 1..;
        responses: Vec<DeletableTopicResult>, 0..;
    }
}

//! `DeleteTopics`: removes topics, by their names or, from version 6 on, by their ids.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// A topic, by one of the two.
    DeleteTopicState {
        /// The topic's name.
        name: Option<String>, 6..;
        /// The topic's id, zero if it is named.
        topic_id: u128, 6..;
    }
}

message! {
    /// Topics to remove.
    DeleteTopicsRequest {
        /// The topics.
        topics: Vec<DeleteTopicState>, 6..;
        /// The topics' names.
        topic_names: Vec<String>, 0..=5;
        /// How long to wait until they are gone.
        timeout_ms: i32, 0..;
    }
}

impl Request for DeleteTopicsRequest {
    type Response = DeleteTopicsResponse;
    const KEY: ApiKey = ApiKey::DeleteTopics;
    // Brokers have forgotten version 0.
    const VERSIONS: (i16, i16) = (1, 6);
    const FLEXIBLE_FROM: i16 = 4;
}

message! {
    /// What became of one topic.
    DeletableTopicResult {
        /// The topic's name; none when it was named by an id that the client may not resolve.
        name: Option<String>, 0..;
        /// Its id.
        topic_id: u128, 6..;
        /// Why it is still there.
        error_code: ErrorCode, 0..;
        /// The same in words.
        error_message: Option<String>, 5..;
    }
}

message! {
    /// Which topics are gone.
    DeleteTopicsResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 1..;
        /// One for each topic that was asked for.
        responses: Vec<DeletableTopicResult>, 0..;
    }
}

//! `Produce`: stores record batches. The client writes its requests around the batches
//! (`producer::request`), so that no batch is copied. These types are for the in-process broker and
//! the tests.

use bytes::Bytes;

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    PartitionProduceData {
        index: i32, 0..;
        /// Record batches, exactly one from version 3 on.
        records: Option<Bytes>, 0..;
    }
}

message! {
    TopicProduceData {
        name: String, 0..=12;
        /// Replaces the name from version 13 on.
        topic_id: u128, 13..;
        partition_data: Vec<PartitionProduceData>, 0..;
    }
}

message! {
    ProduceRequest {
        transactional_id: Option<String>, 3..;
        /// The replicas that must store the batches before the broker answers: −1 all in-sync ones,
        /// 1 the leader, 0 none.
        acks: i16, 0..;
        timeout_ms: i32, 0..;
        topic_data: Vec<TopicProduceData>, 0..;
    }
}

/// The first version that allows zstd (Kafka 2.1).
pub const PRODUCE_ZSTD: i16 = 7;

/// The first version that identifies topics by id.
pub const PRODUCE_BY_TOPIC_ID: i16 = 13;

impl Request for ProduceRequest {
    type Response = ProduceResponse;
    const KEY: ApiKey = ApiKey::Produce;
    // Brokers 4.x list versions 0 to 2 but close the connection on them.
    const VERSIONS: (i16, i16) = (3, 13);
    const FLEXIBLE_FROM: i16 = 9;
}

message! {
    /// A record because of which the broker rejected its whole batch.
    BatchIndexError {
        /// The record's index in the batch.
        batch_index: i32, 8..;
        batch_index_error_message: Option<String>, 8..;
    }
}

message! {
    /// The partition's current leader (KIP-951).
    LeaderIdAndEpoch {
        /// −1 if unknown.
        leader_id: i32 = -1, 10..;
        /// −1 if unknown.
        leader_epoch: i32 = -1, 10..;
    }
}

message! {
    /// The result of one partition's batch.
    PartitionProduced {
        index: i32, 0..;
        error_code: ErrorCode, 0..;
        base_offset: i64, 0..;
        /// The broker's time if it stamps records on append, −1 if the records keep their own
        /// timestamps.
        log_append_time_ms: i64 = -1, 2..;
        log_start_offset: i64 = -1, 5..;
        record_errors: Vec<BatchIndexError>, 8..;
        error_message: Option<String>, 8..;
    } tagged {
        /// The leader to send the batch to instead.
        0 current_leader: LeaderIdAndEpoch, 10..;
    }
}

message! {
    TopicProduced {
        name: String, 0..=12;
        /// Replaces the name from version 13 on.
        topic_id: u128, 13..;
        partition_responses: Vec<PartitionProduced>, 0..;
    }
}

message! {
    /// The address of a `current_leader` that the client may not know yet.
    NodeEndpoint {
        node_id: i32, 10..;
        host: String, 10..;
        port: i32, 10..;
        rack: Option<String>, 10..;
    }
}

message! {
    ProduceResponse {
        responses: Vec<TopicProduced>, 0..;
        throttle_time_ms: i32, 1..;
    } tagged {
        /// Addresses of the brokers in `current_leader`.
        0 node_endpoints: Vec<NodeEndpoint>, 10..;
    }
}

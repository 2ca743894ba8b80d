//! `Produce`: stores record batches. The client's side writes its requests around the batches
//! instead (`producer::request`), so that no batch is copied; the types here serve the broker's
//! side and the tests.

use bytes::Bytes;

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// One partition's records.
    PartitionProduceData {
        /// The partition's index.
        index: i32, 0..;
        /// Record batches, exactly one from version 3 on.
        records: Option<Bytes>, 0..;
    }
}

message! {
    /// One topic's partitions.
    TopicProduceData {
        /// The topic's name.
        name: String, 0..=12;
        /// The topic's id, in place of its name.
        topic_id: u128, 13..;
        /// The partitions.
        partition_data: Vec<PartitionProduceData>, 0..;
    }
}

message! {
    /// Batches for one broker.
    ProduceRequest {
        /// The transaction they belong to.
        transactional_id: Option<String>, 3..;
        /// Who must have stored them before the answer: −1 all in sync, 1 the leader, 0 none.
        acks: i16, 0..;
        /// How long the broker may wait for its replicas.
        timeout_ms: i32, 0..;
        /// The topics.
        topic_data: Vec<TopicProduceData>, 0..;
    }
}

/// The first version whose batches may be compressed with zstd: Kafka 2.1.
pub const PRODUCE_ZSTD: i16 = 7;

/// The first version that names topics by their ids.
pub const PRODUCE_BY_TOPIC_ID: i16 = 13;

impl Request for ProduceRequest {
    type Response = ProduceResponse;
    const KEY: ApiKey = ApiKey::Produce;
    // Brokers of the 4 series list versions 0 to 2 and close the connection on them.
    const VERSIONS: (i16, i16) = (3, 13);
    const FLEXIBLE_FROM: i16 = 9;
}

message! {
    /// A record that made the broker drop its whole batch.
    BatchIndexError {
        /// The record's place in the batch.
        batch_index: i32, 8..;
        /// What is wrong with it.
        batch_index_error_message: Option<String>, 8..;
    }
}

message! {
    /// Who leads the partition now (KIP-951).
    LeaderIdAndEpoch {
        /// The leader's node id, −1 if unknown.
        leader_id: i32 = -1, 10..;
        /// Its epoch, −1 if unknown.
        leader_epoch: i32 = -1, 10..;
    }
}

message! {
    /// What became of one partition's batch.
    PartitionProduced {
        /// The partition's index.
        index: i32, 0..;
        /// Whether it was stored.
        error_code: ErrorCode, 0..;
        /// The offset of its first record.
        base_offset: i64, 0..;
        /// The broker's clock when it stored the batch, or −1 where the records' own count.
        log_append_time_ms: i64 = -1, 2..;
        /// The partition's first offset.
        log_start_offset: i64 = -1, 5..;
        /// The records that are to blame.
        record_errors: Vec<BatchIndexError>, 8..;
        /// What is wrong with the batch.
        error_message: Option<String>, 8..;
    } tagged {
        /// Where to send it instead.
        0 current_leader: LeaderIdAndEpoch, 10..;
    }
}

message! {
    /// What became of one topic's batches.
    TopicProduced {
        /// The topic's name.
        name: String, 0..=12;
        /// The topic's id, in place of its name.
        topic_id: u128, 13..;
        /// The partitions.
        partition_responses: Vec<PartitionProduced>, 0..;
    }
}

message! {
    /// A broker named as a leader that the client may not know yet.
    NodeEndpoint {
        /// The broker's id.
        node_id: i32, 10..;
        /// Its host.
        host: String, 10..;
        /// Its port.
        port: i32, 10..;
        /// Its rack.
        rack: Option<String>, 10..;
    }
}

message! {
    /// What became of a request's batches.
    ProduceResponse {
        /// The topics.
        responses: Vec<TopicProduced>, 0..;
        /// How long the client is to be silent.
        throttle_time_ms: i32, 1..;
    } tagged {
        /// The leaders named above.
        0 node_endpoints: Vec<NodeEndpoint>, 10..;
    }
}

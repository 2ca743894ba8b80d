//! `Fetch`: reads record batches. These versions identify topics by name; version 13 and later use
//! ids.

use bytes::Bytes;

use super::api::{ApiKey, Request};
use super::produce::LeaderIdAndEpoch;
use super::schema::message;
use crate::error::ErrorCode;

message! {
    FetchPartition {
        partition: i32, 0..;
        /// The leader epoch that the reader knows; a leader in another epoch refuses. −1 if
        /// unknown.
        current_leader_epoch: i32 = -1, 9..;
        fetch_offset: i64, 0..;
        /// The epoch of a follower's last record, used to find where the logs diverge; otherwise
        /// −1.
        last_fetched_epoch: i32 = -1, 12..;
        /// A follower's first offset; −1 from a consumer.
        log_start_offset: i64 = -1, 5..;
        /// The maximum to read. A first batch that is larger is returned anyway (KIP-74).
        partition_max_bytes: i32, 0..;
    }
}

message! {
    FetchTopic {
        topic: String, 0..;
        partitions: Vec<FetchPartition>, 0..;
    }
}

message! {
    /// Partitions to remove from the session.
    ForgottenTopic {
        topic: String, 7..;
        partitions: Vec<i32>, 7..;
    }
}

message! {
    /// Asks for records. In a fetch session (KIP-227) it lists only the partitions that changed
    /// since the last request. The tagged cluster id is skipped.
    FetchRequest {
        /// A follower's broker id, −1 for a consumer.
        replica_id: i32 = -1, 0..;
        max_wait_ms: i32, 0..;
        /// The minimum to collect before the broker answers early.
        min_bytes: i32, 0..;
        /// The maximum of all partitions together. A first batch that is larger is returned anyway.
        max_bytes: i32 = i32::MAX, 3..;
        /// 0 reads up to the high watermark, 1 reads committed records only.
        isolation_level: i8, 4..;
        /// 0 without a session or to open one.
        session_id: i32, 7..;
        /// The request's number in the session; 0 opens a session, −1 closes it or uses none.
        session_epoch: i32 = -1, 7..;
        /// The partitions to read, or those of the session that changed.
        topics: Vec<FetchTopic>, 0..;
        /// Partitions to remove from the session.
        forgotten_topics_data: Vec<ForgottenTopic>, 7..;
        /// The consumer's rack, so that the broker can name a near replica (KIP-392).
        rack_id: String, 11..;
    }
}

impl Request for FetchRequest {
    type Response = FetchResponse;
    const KEY: ApiKey = ApiKey::Fetch;
    // Versions below 4 use message sets instead of record batches.
    const VERSIONS: (i16, i16) = (4, 12);
    const FLEXIBLE_FROM: i16 = 12;
}

message! {
    /// A transaction whose records a `read_committed` consumer drops.
    AbortedTransaction {
        producer_id: i64, 4..;
        /// The offset of the transaction's first record in this response.
        first_offset: i64, 4..;
    }
}

message! {
    /// The records read from one partition. Tagged fields for followers are skipped.
    FetchablePartitionResponse {
        partition_index: i32, 0..;
        error_code: ErrorCode, 0..;
        /// The offset after the last record that all in-sync replicas have.
        high_watermark: i64, 0..;
        /// The offset up to which all transactions have been committed or aborted.
        last_stable_offset: i64 = -1, 4..;
        log_start_offset: i64 = -1, 5..;
        /// Transactions to drop; null unless the request asked for committed records only.
        aborted_transactions: Option<Vec<AbortedTransaction>>, 4..;
        /// The replica to read from next time, −1 for the leader.
        preferred_read_replica: i32 = -1, 11..;
        /// Record batches. The first may start before the fetch offset; the last may be truncated.
        records: Option<Bytes>, 0..;
    } tagged {
        /// The leader to ask instead.
        1 current_leader: LeaderIdAndEpoch, 12..;
    }
}

message! {
    FetchableTopicResponse {
        topic: String, 0..;
        partitions: Vec<FetchablePartitionResponse>, 0..;
    }
}

message! {
    /// The records read. In a session, only partitions with changes are listed.
    FetchResponse {
        throttle_time_ms: i32, 1..;
        /// An error of the session or of the whole request.
        error_code: ErrorCode, 7..;
        /// 0 without a session.
        session_id: i32, 7..;
        responses: Vec<FetchableTopicResponse>, 0..;
    }
}

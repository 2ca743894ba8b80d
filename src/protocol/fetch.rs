//! `Fetch`: reads record batches. The versions here name topics by their names; from 13 on ids
//! take their place.

use bytes::Bytes;

use super::api::{ApiKey, Request};
use super::produce::LeaderIdAndEpoch;
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// A partition and the place to read from.
    FetchPartition {
        /// The partition's index.
        partition: i32, 0..;
        /// The leader epoch that the reader knows; a broker in another one refuses. −1 if unknown.
        current_leader_epoch: i32 = -1, 9..;
        /// The first offset to read.
        fetch_offset: i64, 0..;
        /// The epoch of the last record a follower has, by which it finds where logs part; else −1.
        last_fetched_epoch: i32 = -1, 12..;
        /// A follower's first offset; −1 from a consumer.
        log_start_offset: i64 = -1, 5..;
        /// How much to read, though never less than one batch if that comes first (KIP-74).
        partition_max_bytes: i32, 0..;
    }
}

message! {
    /// One topic's partitions to read.
    FetchTopic {
        /// The topic's name.
        topic: String, 0..;
        /// The partitions.
        partitions: Vec<FetchPartition>, 0..;
    }
}

message! {
    /// What the session is to read no longer.
    ForgottenTopic {
        /// The topic's name.
        topic: String, 7..;
        /// The partitions' indexes.
        partitions: Vec<i32>, 7..;
    }
}

message! {
    /// Asks for what is in partitions, or, in a session (KIP-227), says only what has changed
    /// since the last request. The tagged cluster id is passed over.
    FetchRequest {
        /// The follower that asks, −1 for a consumer.
        replica_id: i32 = -1, 0..;
        /// How long the broker may wait for `min_bytes`.
        max_wait_ms: i32, 0..;
        /// How much makes an answer worth sending at once.
        min_bytes: i32, 0..;
        /// How much to read in all, though never less than one batch.
        max_bytes: i32 = i32::MAX, 3..;
        /// 0 reads everything up to the high watermark, 1 only what is committed.
        isolation_level: i8, 4..;
        /// The session, 0 for none or a new one.
        session_id: i32, 7..;
        /// The request's number in the session; 0 opens one, −1 closes it or does without.
        session_epoch: i32 = -1, 7..;
        /// The partitions to read, or those of the session that have changed.
        topics: Vec<FetchTopic>, 0..;
        /// What to leave out of the session.
        forgotten_topics_data: Vec<ForgottenTopic>, 7..;
        /// Where the consumer is, so that it can be sent to a near replica (KIP-392).
        rack_id: String, 11..;
    }
}

impl Request for FetchRequest {
    type Response = FetchResponse;
    const KEY: ApiKey = ApiKey::Fetch;
    // Below 4 there are no record batches, but message sets.
    const VERSIONS: (i16, i16) = (4, 12);
    const FLEXIBLE_FROM: i16 = 12;
}

message! {
    /// A transaction whose records a `read_committed` consumer drops.
    AbortedTransaction {
        /// Whose it was.
        producer_id: i64, 4..;
        /// The offset of its first record here.
        first_offset: i64, 4..;
    }
}

message! {
    /// What was read from one partition. What followers are told, in tagged fields, is passed
    /// over.
    FetchablePartitionResponse {
        /// The partition's index.
        partition_index: i32, 0..;
        /// Why nothing could be read.
        error_code: ErrorCode, 0..;
        /// The offset behind the last record that all replicas in sync have.
        high_watermark: i64, 0..;
        /// The offset up to which all transactions are decided.
        last_stable_offset: i64 = -1, 4..;
        /// The partition's first offset.
        log_start_offset: i64 = -1, 5..;
        /// Transactions to drop, null unless only committed records were asked for.
        aborted_transactions: Option<Vec<AbortedTransaction>>, 4..;
        /// The replica to read from next time, −1 for the leader.
        preferred_read_replica: i32 = -1, 11..;
        /// Record batches; the first may begin before the offset, the last may be cut off.
        records: Option<Bytes>, 0..;
    } tagged {
        /// Whom to ask instead.
        1 current_leader: LeaderIdAndEpoch, 12..;
    }
}

message! {
    /// What was read from one topic.
    FetchableTopicResponse {
        /// The topic's name.
        topic: String, 0..;
        /// The partitions.
        partitions: Vec<FetchablePartitionResponse>, 0..;
    }
}

message! {
    /// What was read; in a session, of partitions that have news only.
    FetchResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 1..;
        /// What is wrong with the session or the whole request.
        error_code: ErrorCode, 7..;
        /// The session, 0 without one.
        session_id: i32, 7..;
        /// The topics.
        responses: Vec<FetchableTopicResponse>, 0..;
    }
}

//! `Fetch` against the oracle; fields for followers are skipped.

use dekaf::protocol::{
    AbortedTransaction, FetchPartition, FetchRequest, FetchResponse, FetchTopic,
    FetchablePartitionResponse, FetchableTopicResponse, ForgottenTopic, LeaderIdAndEpoch,
};
use kafka_protocol::messages::{self, fetch_request, fetch_response};

use super::oracle_types::{agree, oracle_type, oracle_types};

oracle_types! {
    FetchPartition = fetch_request::FetchPartition {
        partition;
        current_leader_epoch in 9..;
        fetch_offset;
        last_fetched_epoch in 12..;
        log_start_offset in 5..;
        partition_max_bytes;
    }
}

oracle_types! {
    FetchTopic = fetch_request::FetchTopic {
        topic;
        partitions;
    }
}

oracle_types! {
    ForgottenTopic = fetch_request::ForgottenTopic {
        topic;
        partitions;
    }
}

oracle_types! {
    FetchRequest = messages::FetchRequest {
        replica_id;
        max_wait_ms;
        min_bytes;
        max_bytes;
        isolation_level;
        session_id in 7..;
        session_epoch in 7..;
        topics;
        forgotten_topics_data in 7..;
        rack_id in 11..;
    } unlike(oracle) oracle.cluster_id = Some("cluster".to_owned().into())
}

oracle_types! {
    AbortedTransaction = fetch_response::AbortedTransaction {
        producer_id;
        first_offset;
    }
}

oracle_types! {
    FetchablePartitionResponse = fetch_response::PartitionData {
        partition_index;
        error_code;
        high_watermark;
        last_stable_offset;
        log_start_offset in 5..;
        aborted_transactions;
        preferred_read_replica in 11..;
        records;
    } tagged {
        current_leader in 12..;
    } unlike(oracle) {
        oracle.diverging_epoch.epoch = 1;
        oracle.snapshot_id.epoch = 1;
    }
}

oracle_types! {
    FetchableTopicResponse = fetch_response::FetchableTopicResponse {
        topic;
        partitions;
    }
}

oracle_types! {
    FetchResponse = messages::FetchResponse {
        throttle_time_ms;
        error_code in 7..;
        session_id in 7..;
        responses;
    }
}

oracle_type! {
    LeaderIdAndEpoch = fetch_response::LeaderIdAndEpoch {
        leader_id;
        leader_epoch;
    }
}

agree!(FetchRequest, FetchResponse);

//! `Fetch` against the oracle; fields for followers are skipped.

use dekaf::protocol::{
    AbortedTransaction, FetchPartition, FetchRequest, FetchResponse, FetchTopic,
    FetchablePartitionResponse, FetchableTopicResponse, ForgottenTopic, LeaderIdAndEpoch,
};
use kafka_protocol::messages::{self, fetch_request, fetch_response};

use super::twins::{agree, twin, twins};

twins! {
    FetchPartition = fetch_request::FetchPartition {
        partition;
        current_leader_epoch in 9..;
        fetch_offset;
        last_fetched_epoch in 12..;
        log_start_offset in 5..;
        partition_max_bytes;
    }
}

twins! {
    FetchTopic = fetch_request::FetchTopic {
        topic;
        partitions;
    }
}

twins! {
    ForgottenTopic = fetch_request::ForgottenTopic {
        topic;
        partitions;
    }
}

twins! {
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
    } unlike(twin) twin.cluster_id = Some("cluster".to_owned().into())
}

twins! {
    AbortedTransaction = fetch_response::AbortedTransaction {
        producer_id;
        first_offset;
    }
}

twins! {
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
    } unlike(twin) {
        twin.diverging_epoch.epoch = 1;
        twin.snapshot_id.epoch = 1;
    }
}

twins! {
    FetchableTopicResponse = fetch_response::FetchableTopicResponse {
        topic;
        partitions;
    }
}

twins! {
    FetchResponse = messages::FetchResponse {
        throttle_time_ms;
        error_code in 7..;
        session_id in 7..;
        responses;
    }
}

twin! {
    LeaderIdAndEpoch = fetch_response::LeaderIdAndEpoch {
        leader_id;
        leader_epoch;
    }
}

agree!(FetchRequest, FetchResponse);

//! `OffsetFetch` against the oracle: one group, and several, for which the oracle has separate
//! types.

use dekaf::protocol::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchResponse,
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponseTopic,
};
use kafka_protocol::messages::{self, offset_fetch_request, offset_fetch_response};

use super::oracle_types::{agree, oracle_type, oracle_types};

oracle_types! {
    OffsetFetchRequestTopic = offset_fetch_request::OffsetFetchRequestTopic {
        name;
        partition_indexes;
    }
}

oracle_types! {
    OffsetFetchRequestGroup = offset_fetch_request::OffsetFetchRequestGroup {
        group_id;
        topics;
    }
}

oracle_types! {
    OffsetFetchRequest = messages::OffsetFetchRequest {
        group_id in ..=7;
        topics in ..=7, null in 2..;
        groups in 8..;
        require_stable in 7..;
    }
}

oracle_types! {
    OffsetFetchResponsePartition = offset_fetch_response::OffsetFetchResponsePartition {
        partition_index;
        committed_offset;
        committed_leader_epoch in 5..;
        metadata;
        error_code;
    }
}

oracle_types! {
    OffsetFetchResponseTopic = offset_fetch_response::OffsetFetchResponseTopic {
        name;
        partitions;
    }
}

oracle_types! {
    OffsetFetchResponseGroup = offset_fetch_response::OffsetFetchResponseGroup {
        group_id;
        topics;
        error_code;
    }
}

oracle_types! {
    OffsetFetchResponse = messages::OffsetFetchResponse {
        throttle_time_ms in 3..;
        topics in ..=7;
        error_code in 2..=7;
        groups in 8..;
    }
}

oracle_type! {
    OffsetFetchRequestTopic = offset_fetch_request::OffsetFetchRequestTopics {
        name;
        partition_indexes;
    }
}

oracle_type! {
    OffsetFetchResponsePartition = offset_fetch_response::OffsetFetchResponsePartitions {
        partition_index;
        committed_offset;
        committed_leader_epoch;
        metadata;
        error_code;
    }
}

oracle_type! {
    OffsetFetchResponseTopic = offset_fetch_response::OffsetFetchResponseTopics {
        name;
        partitions;
    }
}

agree!(OffsetFetchRequest, OffsetFetchResponse);

//! `OffsetFetch` against the oracle: one group, and several, for which the oracle has separate
//! types.

use dekaf::protocol::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchResponse,
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponseTopic,
};
use kafka_protocol::messages::{self, offset_fetch_request, offset_fetch_response};

use super::twins::{agree, twin, twins};

twins! {
    OffsetFetchRequestTopic = offset_fetch_request::OffsetFetchRequestTopic {
        name;
        partition_indexes;
    }
}

twins! {
    OffsetFetchRequestGroup = offset_fetch_request::OffsetFetchRequestGroup {
        group_id;
        topics;
    }
}

twins! {
    OffsetFetchRequest = messages::OffsetFetchRequest {
        group_id in ..=7;
        topics in ..=7, null in 2..;
        groups in 8..;
        require_stable in 7..;
    }
}

twins! {
    OffsetFetchResponsePartition = offset_fetch_response::OffsetFetchResponsePartition {
        partition_index;
        committed_offset;
        committed_leader_epoch in 5..;
        metadata;
        error_code;
    }
}

twins! {
    OffsetFetchResponseTopic = offset_fetch_response::OffsetFetchResponseTopic {
        name;
        partitions;
    }
}

twins! {
    OffsetFetchResponseGroup = offset_fetch_response::OffsetFetchResponseGroup {
        group_id;
        topics;
        error_code;
    }
}

twins! {
    OffsetFetchResponse = messages::OffsetFetchResponse {
        throttle_time_ms in 3..;
        topics in ..=7;
        error_code in 2..=7;
        groups in 8..;
    }
}

twin! {
    OffsetFetchRequestTopic = offset_fetch_request::OffsetFetchRequestTopics {
        name;
        partition_indexes;
    }
}

twin! {
    OffsetFetchResponsePartition = offset_fetch_response::OffsetFetchResponsePartitions {
        partition_index;
        committed_offset;
        committed_leader_epoch;
        metadata;
        error_code;
    }
}

twin! {
    OffsetFetchResponseTopic = offset_fetch_response::OffsetFetchResponseTopics {
        name;
        partitions;
    }
}

agree!(OffsetFetchRequest, OffsetFetchResponse);

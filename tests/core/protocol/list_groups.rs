//! `ListGroups` against the oracle.

use dekaf::protocol::{ListGroupsRequest, ListGroupsResponse, ListedGroup};
use kafka_protocol::messages::{self, list_groups_response};

use super::twins::{agree, twins};

twins! {
    ListGroupsRequest = messages::ListGroupsRequest {
        states_filter in 4..;
    }
}

twins! {
    ListedGroup = list_groups_response::ListedGroup {
        group_id;
        protocol_type;
        group_state in 4..;
    }
}

twins! {
    ListGroupsResponse = messages::ListGroupsResponse {
        throttle_time_ms in 1..;
        error_code;
        groups;
    }
}

agree!(ListGroupsRequest, ListGroupsResponse);

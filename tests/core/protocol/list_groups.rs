//! `ListGroups` against the oracle.

use dekaf::protocol::{ListGroupsRequest, ListGroupsResponse, ListedGroup};
use kafka_protocol::messages::{self, list_groups_response};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    ListGroupsRequest = messages::ListGroupsRequest {
        states_filter in 4..;
    }
}

oracle_types! {
    ListedGroup = list_groups_response::ListedGroup {
        group_id;
        protocol_type;
        group_state in 4..;
    }
}

oracle_types! {
    ListGroupsResponse = messages::ListGroupsResponse {
        throttle_time_ms in 1..;
        error_code;
        groups;
    }
}

agree!(ListGroupsRequest, ListGroupsResponse);

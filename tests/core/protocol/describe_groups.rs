//! `DescribeGroups` against the oracle.

use dekaf::protocol::{
    DescribeGroupsRequest, DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use kafka_protocol::messages::{self, describe_groups_response};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    DescribeGroupsRequest = messages::DescribeGroupsRequest {
        groups;
        include_authorized_operations in 3..;
    }
}

oracle_types! {
    DescribedGroupMember = describe_groups_response::DescribedGroupMember {
        member_id;
        group_instance_id in 4..;
        client_id;
        client_host;
        member_metadata;
        member_assignment;
    }
}

oracle_types! {
    DescribedGroup = describe_groups_response::DescribedGroup {
        error_code;
        group_id;
        group_state;
        protocol_type;
        protocol_data;
        members;
        authorized_operations in 3..;
    }
}

oracle_types! {
    DescribeGroupsResponse = messages::DescribeGroupsResponse {
        throttle_time_ms in 1..;
        groups;
    }
}

agree!(DescribeGroupsRequest, DescribeGroupsResponse);

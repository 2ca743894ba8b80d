//! `DescribeConfigs` against the oracle.

use dekaf::protocol::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult,
    DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::{self, describe_configs_request, describe_configs_response};

use super::twins::{agree, twins};

twins! {
    DescribeConfigsResource = describe_configs_request::DescribeConfigsResource {
        resource_type;
        resource_name;
        configuration_keys;
    }
}

twins! {
    DescribeConfigsRequest = messages::DescribeConfigsRequest {
        resources;
        include_synonyms;
        include_documentation in 3..;
    }
}

twins! {
    DescribeConfigsSynonym = describe_configs_response::DescribeConfigsSynonym {
        name;
        value;
        source;
    }
}

twins! {
    DescribeConfigsResourceResult = describe_configs_response::DescribeConfigsResourceResult {
        name;
        value;
        read_only;
        config_source;
        is_sensitive;
        synonyms;
        config_type in 3..;
        documentation in 3..;
    }
}

twins! {
    DescribeConfigsResult = describe_configs_response::DescribeConfigsResult {
        error_code;
        error_message;
        resource_type;
        resource_name;
        configs;
    }
}

twins! {
    DescribeConfigsResponse = messages::DescribeConfigsResponse {
        throttle_time_ms;
        results;
    }
}

agree!(DescribeConfigsRequest, DescribeConfigsResponse);

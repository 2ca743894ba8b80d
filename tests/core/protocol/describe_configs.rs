//! `DescribeConfigs` against the oracle.

use dekaf::protocol::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResourceResult,
    DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::{self, describe_configs_request, describe_configs_response};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    DescribeConfigsResource = describe_configs_request::DescribeConfigsResource {
        resource_type;
        resource_name;
        configuration_keys;
    }
}

oracle_types! {
    DescribeConfigsRequest = messages::DescribeConfigsRequest {
        resources;
        include_synonyms;
        include_documentation in 3..;
    }
}

oracle_types! {
    DescribeConfigsSynonym = describe_configs_response::DescribeConfigsSynonym {
        name;
        value;
        source;
    }
}

oracle_types! {
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

oracle_types! {
    DescribeConfigsResult = describe_configs_response::DescribeConfigsResult {
        error_code;
        error_message;
        resource_type;
        resource_name;
        configs;
    }
}

oracle_types! {
    DescribeConfigsResponse = messages::DescribeConfigsResponse {
        throttle_time_ms;
        results;
    }
}

agree!(DescribeConfigsRequest, DescribeConfigsResponse);

//! `DescribeConfigs`: the configs of topics and brokers, and their sources.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// A topic or broker that has configs.
    DescribeConfigsResource {
        /// 2 for a topic, 4 for a broker, 8 for a broker's loggers.
        resource_type: i8, 0..;
        /// A topic's name or a broker's id.
        resource_name: String, 0..;
        /// The names of the configs to return; `None` means all.
        configuration_keys: Option<Vec<String>>, 0..;
    }
}

message! {
    DescribeConfigsRequest {
        resources: Vec<DescribeConfigsResource>, 0..;
        /// Whether to return the values at lower-precedence sources, too.
        include_synonyms: bool, 1..;
        include_documentation: bool, 3..;
    }
}

impl Request for DescribeConfigsRequest {
    type Response = DescribeConfigsResponse;
    const KEY: ApiKey = ApiKey::DescribeConfigs;
    // Current brokers no longer support version 0.
    const VERSIONS: (i16, i16) = (1, 4);
    const FLEXIBLE_FROM: i16 = 4;
}

message! {
    /// A value of the config at one source. The highest precedence, which is in effect, comes
    /// first.
    DescribeConfigsSynonym {
        name: String, 1..;
        value: Option<String>, 1..;
        /// Numbered as `config_source`.
        source: i8, 1..;
    }
}

message! {
    DescribeConfigsResourceResult {
        name: String, 0..;
        value: Option<String>, 0..;
        read_only: bool, 0..;
        /// 1 dynamic topic, 2 dynamic broker, 3 dynamic default of all brokers, 4 static broker
        /// file, 5 default, 6 dynamic broker loggers.
        config_source: i8 = -1, 1..;
        /// A sensitive value is returned as null.
        is_sensitive: bool, 0..;
        /// Only if requested.
        synonyms: Vec<DescribeConfigsSynonym>, 1..;
        /// 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password.
        config_type: i8, 3..;
        /// Only if requested.
        documentation: Option<String>, 3..;
    }
}

message! {
    DescribeConfigsResult {
        error_code: ErrorCode, 0..;
        error_message: Option<String>, 0..;
        resource_type: i8, 0..;
        resource_name: String, 0..;
        configs: Vec<DescribeConfigsResourceResult>, 0..;
    }
}

message! {
    DescribeConfigsResponse {
        throttle_time_ms: i32, 0..;
        results: Vec<DescribeConfigsResult>, 0..;
    }
}

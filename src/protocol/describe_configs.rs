//! `DescribeConfigs`: the settings of topics and brokers, and where they come from.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Something that has settings.
    DescribeConfigsResource {
        /// 2 for a topic, 4 for a broker, 8 for a broker's loggers.
        resource_type: i8, 0..;
        /// A topic's name, or a broker's id.
        resource_name: String, 0..;
        /// The settings' names; `None` means all of them.
        configuration_keys: Option<Vec<String>>, 0..;
    }
}

message! {
    /// Asks for settings.
    DescribeConfigsRequest {
        /// Whose settings.
        resources: Vec<DescribeConfigsResource>, 0..;
        /// Whether to add what would count if a setting were not made where it is.
        include_synonyms: bool, 1..;
        /// Whether to add what Kafka's manual says.
        include_documentation: bool, 3..;
    }
}

impl Request for DescribeConfigsRequest {
    type Response = DescribeConfigsResponse;
    const KEY: ApiKey = ApiKey::DescribeConfigs;
    // Brokers have forgotten version 0.
    const VERSIONS: (i16, i16) = (1, 4);
    const FLEXIBLE_FROM: i16 = 4;
}

message! {
    /// A place where the setting is made, too; the one that counts comes first.
    DescribeConfigsSynonym {
        /// What it is called there.
        name: String, 1..;
        /// Its value there.
        value: Option<String>, 1..;
        /// The place, by the numbers of `config_source`.
        source: i8, 1..;
    }
}

message! {
    /// A setting.
    DescribeConfigsResourceResult {
        /// The setting's name.
        name: String, 0..;
        /// Its value.
        value: Option<String>, 0..;
        /// Whether it cannot be changed.
        read_only: bool, 0..;
        /// Where it is made: 1 for the topic, 2 for the broker, 3 for all brokers, 4 in the
        /// broker's file, 5 nowhere, 6 for the loggers.
        config_source: i8 = -1, 1..;
        /// Whether its value is secret and therefore null.
        is_sensitive: bool, 0..;
        /// Where else it is made, if that was asked for.
        synonyms: Vec<DescribeConfigsSynonym>, 1..;
        /// 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password.
        config_type: i8, 3..;
        /// What Kafka's manual says, if that was asked for.
        documentation: Option<String>, 3..;
    }
}

message! {
    /// The settings of one resource.
    DescribeConfigsResult {
        /// Why they cannot be told.
        error_code: ErrorCode, 0..;
        /// The same in words.
        error_message: Option<String>, 0..;
        /// The resource's type, as the request had it.
        resource_type: i8, 0..;
        /// The resource's name, as the request had it.
        resource_name: String, 0..;
        /// The settings.
        configs: Vec<DescribeConfigsResourceResult>, 0..;
    }
}

message! {
    /// The settings that were asked for.
    DescribeConfigsResponse {
        /// How long the client is to be silent.
        throttle_time_ms: i32, 0..;
        /// One for each resource.
        results: Vec<DescribeConfigsResult>, 0..;
    }
}

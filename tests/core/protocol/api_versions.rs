//! `ApiVersions` against the oracle; tagged fields about features are skipped.

use dekaf::protocol::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use kafka_protocol::messages::api_versions_response::{FinalizedFeatureKey, SupportedFeatureKey};
use kafka_protocol::messages::{self, api_versions_response};

use super::oracle_types::{agree, oracle_types};

oracle_types! {
    ApiVersionsRequest = messages::ApiVersionsRequest {
        client_software_name in 3..;
        client_software_version in 3..;
    }
}

oracle_types! {
    ApiVersion = api_versions_response::ApiVersion {
        api_key;
        min_version;
        max_version;
    }
}

oracle_types! {
    ApiVersionsResponse = messages::ApiVersionsResponse {
        error_code;
        api_keys;
        throttle_time_ms in 1..;
    } unlike(oracle) {
        oracle.supported_features = vec![SupportedFeatureKey::default()];
        oracle.finalized_features_epoch = 7;
        oracle.finalized_features = vec![FinalizedFeatureKey::default()];
        oracle.zk_migration_ready = true;
    }
}

agree!(ApiVersionsRequest, ApiVersionsResponse);

//! `ApiVersions` against the oracle; its tagged fields about features are passed over.

use dekaf::protocol::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use kafka_protocol::messages;
use kafka_protocol::messages::api_versions_response::{FinalizedFeatureKey, SupportedFeatureKey};
use proptest::collection::vec;
use proptest::prelude::*;

use super::oracle::{Twin, requests_agree, responses_agree, theirs};
use super::values::{Unknown, error_code, since, text};

pub(crate) fn requests(version: i16) -> impl Strategy<Value = ApiVersionsRequest> {
    let text = || since(version, 3, String::new(), text());
    (text(), text()).prop_map(|(client_software_name, client_software_version)| {
        ApiVersionsRequest { client_software_name, client_software_version }
    })
}

pub(crate) fn responses(version: i16) -> impl Strategy<Value = ApiVersionsResponse> {
    let api = any::<(i16, i16, i16)>().prop_map(|(api_key, min_version, max_version)| ApiVersion {
        api_key,
        min_version,
        max_version,
    });
    (error_code(), vec(api, 0..5), since(version, 1, 0, any::<i32>())).prop_map(
        |(error_code, api_keys, throttle_time_ms)| ApiVersionsResponse {
            error_code,
            api_keys,
            throttle_time_ms,
        },
    )
}

impl Twin for ApiVersionsRequest {
    type Theirs = messages::ApiVersionsRequest;

    fn twin(&self, unknown: &Unknown) -> Self::Theirs {
        Self::Theirs::default()
            .with_client_software_name(theirs(&self.client_software_name))
            .with_client_software_version(theirs(&self.client_software_version))
            .with_unknown_tagged_fields(unknown.clone())
    }
}

impl Twin for ApiVersionsResponse {
    type Theirs = messages::ApiVersionsResponse;

    fn twin(&self, unknown: &Unknown) -> Self::Theirs {
        let api_keys = self.api_keys.iter().map(|api| {
            messages::api_versions_response::ApiVersion::default()
                .with_api_key(api.api_key)
                .with_min_version(api.min_version)
                .with_max_version(api.max_version)
                .with_unknown_tagged_fields(unknown.clone())
        });
        let response = Self::Theirs::default()
            .with_error_code(self.error_code.0)
            .with_api_keys(api_keys.collect())
            .with_throttle_time_ms(self.throttle_time_ms)
            .with_unknown_tagged_fields(unknown.clone());
        if unknown.is_empty() {
            return response;
        }
        // Known to Kafka, unknown to us.
        response
            .with_supported_features(vec![
                SupportedFeatureKey::default().with_name(theirs("metadata.version")),
            ])
            .with_finalized_features_epoch(7)
            .with_finalized_features(vec![
                FinalizedFeatureKey::default().with_name(theirs("group.version")),
            ])
            .with_zk_migration_ready(true)
    }
}

#[test]
fn requests_agree_with_the_oracle() {
    requests_agree(requests);
}

#[test]
fn responses_agree_with_the_oracle() {
    responses_agree::<ApiVersionsRequest, _>(responses);
}

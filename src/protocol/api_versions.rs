//! `ApiVersions`: the first request on every connection.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    ApiVersionsRequest {
        /// Brokers count clients by name and version (KIP-511).
        client_software_name: String, 3..;
        client_software_version: String, 3..;
    }
}

impl Request for ApiVersionsRequest {
    type Response = ApiVersionsResponse;
    const KEY: ApiKey = ApiKey::ApiVersions;
    const VERSIONS: (i16, i16) = (0, 4);
    const FLEXIBLE_FROM: i16 = 3;
}

message! {
    ApiVersion {
        api_key: i16, 0..;
        min_version: i16, 0..;
        max_version: i16, 0..;
    }
}

message! {
    /// The versions that the broker supports. Tagged fields about cluster features are skipped.
    ApiVersionsResponse {
        /// `UNSUPPORTED_VERSION` rejects an unsupported `ApiVersions` request; that response is in
        /// version 0.
        error_code: ErrorCode, 0..;
        api_keys: Vec<ApiVersion>, 0..;
        throttle_time_ms: i32, 1..;
    }
}

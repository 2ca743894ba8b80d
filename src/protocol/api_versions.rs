//! `ApiVersions`: the first request on every connection.

use super::api::{ApiKey, Request};
use super::schema::message;
use crate::error::ErrorCode;

message! {
    /// Asks which versions the broker speaks, and says who asks.
    ApiVersionsRequest {
        /// The client's name, as brokers count them (KIP-511).
        client_software_name: String, 3..;
        /// The client's version.
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
    /// The versions of one API.
    ApiVersion {
        /// The API's number.
        api_key: i16, 0..;
        /// The oldest version.
        min_version: i16, 0..;
        /// The newest version.
        max_version: i16, 0..;
    }
}

message! {
    /// What the broker speaks. The tagged fields about cluster features are passed over.
    ApiVersionsResponse {
        /// `UNSUPPORTED_VERSION` answers a request that is too new, in version 0.
        error_code: ErrorCode, 0..;
        /// Every API the broker knows.
        api_keys: Vec<ApiVersion>, 0..;
        /// How long the client is to be silent.
        throttle_time_ms: i32, 1..;
    }
}

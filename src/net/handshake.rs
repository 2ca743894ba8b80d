//! The stages between a connected socket and a link that is ready for requests: ApiVersions
//! today. Encryption belongs before it, as a transport in place of the socket, and authentication
//! behind it, as requests on the same pipeline; each is a [`ConnectStage`] of the same
//! [`Opening`].

use bytes::Bytes;

use super::opening::{ConnectError, ConnectStage, Opening};
use super::pipeline::{Pipeline, decode};
use super::versions::Versions;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::protocol::ApiVersionsRequest;
use crate::wire::Reader;

/// Negotiates the protocol's versions.
pub(super) async fn negotiate(
    opening: &Opening<'_>,
    pipeline: &Pipeline,
) -> Result<Versions, ConnectError> {
    opening.stage(ConnectStage::ApiVersions, ask_versions(pipeline)).await
}

/// Kafka 2.4 and later answer version 3; older brokers list their versions in version 0.
async fn ask_versions(pipeline: &Pipeline) -> Result<Versions> {
    let request = ApiVersionsRequest {
        client_software_name: "dekaf".into(),
        client_software_version: env!("CARGO_PKG_VERSION").into(),
    };
    let (mut version, mut frame) = (3, pipeline.exchange(&request, 3).await?);
    if refuses_version(&frame) {
        (version, frame) = (0, pipeline.exchange(&request, 0).await?);
    }
    let response = decode::<ApiVersionsRequest>(&frame, version)?;
    let (kind, message) = match response.error_code {
        code if code.is_success() => return Ok(Versions::new(&response.api_keys)),
        ErrorCode::UNSUPPORTED_VERSION => {
            let message = "the broker refuses every version of ApiVersions";
            (ErrorKind::UnsupportedVersion, message.to_owned())
        }
        code => (ErrorKind::Broker, format!("the broker answered {code}")),
    };
    Err(Error::new(kind, message).code(response.error_code))
}

/// The error code comes first in every version, behind the correlation id.
fn refuses_version(frame: &Bytes) -> bool {
    let mut input = Reader::new(frame);
    input.skip(size_of::<i32>()).and_then(|()| input.i16()) == Ok(ErrorCode::UNSUPPORTED_VERSION.0)
}

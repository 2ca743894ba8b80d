//! A connection to a broker that is ready for requests, in the versions that both sides speak.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::connect::{ConnectError, Stage, connect};
use super::pipeline::{PendingAnswer, Pipeline, PipelineSettings, decode};
use super::versions::Versions;
use crate::config::Address;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::protocol::{ApiVersionsRequest, Request};
use crate::wire::Reader;

/// What a connection needs to know of the configuration.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// How long each step of connecting may take: DNS, each address, agreeing on versions.
    pub setup_timeout: Duration,
    /// What it needs once it is open.
    pub pipeline: PipelineSettings,
}

/// A connection that is ready for requests. Dropping it ends the connection.
#[derive(Debug)]
pub struct Link {
    pipeline: Pipeline,
    versions: Versions,
}

impl Link {
    /// Connects and agrees on versions.
    ///
    /// # Cancel safety
    /// Dropping it closes what was opened.
    pub async fn open(address: &Address, settings: &LinkSettings) -> Result<Self, ConnectError> {
        let socket = connect(address, settings.setup_timeout).await?;
        let pipeline = Pipeline::start(socket, settings.pipeline.clone());
        let limit = settings.setup_timeout;
        let cause = match timeout(limit, negotiate(&pipeline)).await {
            Ok(Ok(versions)) => return Ok(Self { pipeline, versions }),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {limit:?}"),
        };
        Err(ConnectError { address: address.clone(), stage: Stage::ApiVersions, cause })
    }

    /// What the broker speaks.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Whether it takes no more requests.
    pub fn is_closed(&self) -> bool {
        self.pipeline.is_closed()
    }

    /// Returns when the connection has ended, for whatever reason. Unless it was aborted, its
    /// requests fail before that.
    pub async fn closed(&self) {
        self.pipeline.closed().await;
    }

    /// Sends a request in the newest version that both sides speak, and waits for the answer.
    pub async fn call<R: Request>(&self, request: &R) -> Result<R::Response> {
        let version = self.versions.best::<R>()?;
        self.pipeline.call(request, version).await
    }

    /// Sends a frame that `encode` writes for the correlation id it is given. The frame is queued
    /// when this returns.
    pub fn send(&self, encode: impl FnOnce(i32) -> Vec<Bytes>) -> PendingAnswer {
        self.pipeline.send(encode)
    }

    /// Sends a frame that the broker does not answer. An empty frame takes the place of the answer
    /// when it is written.
    pub fn send_unanswered(&self, encode: impl FnOnce(i32) -> Vec<Bytes>) -> PendingAnswer {
        self.pipeline.send_unanswered(encode)
    }

    /// Ends the connection, even with requests under way.
    pub fn abort(&self) {
        self.pipeline.abort();
    }
}

/// Kafka 2.4 and later answer version 3; older ones list their versions in version 0.
async fn negotiate(pipeline: &Pipeline) -> Result<Versions> {
    let request = ApiVersionsRequest {
        client_software_name: "dekaf".into(),
        client_software_version: env!("CARGO_PKG_VERSION").into(),
    };
    for version in [3, 0] {
        let frame = pipeline.exchange(&request, version).await?;
        if version > 0 && refuses_version(&frame) {
            continue;
        }
        let response = decode::<ApiVersionsRequest>(&frame, version)?;
        if !response.error_code.is_success() {
            let message = format!("the broker answered {}", response.error_code);
            return Err(Error::new(ErrorKind::Broker, message).code(response.error_code));
        }
        return Ok(Versions::new(&response.api_keys));
    }
    let message = "the broker refuses every version of ApiVersions";
    Err(Error::new(ErrorKind::UnsupportedVersion, message))
}

/// The error code comes first in every version, behind the correlation id.
fn refuses_version(frame: &Bytes) -> bool {
    let mut input = Reader::new(frame);
    input.skip(size_of::<i32>()).and_then(|()| input.i16()) == Ok(ErrorCode::UNSUPPORTED_VERSION.0)
}

#[cfg(test)]
mod tests;

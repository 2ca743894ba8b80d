//! One connection, as those who ask see it: requests go out in a pipeline, answers come back in
//! the same order. The first failure ends it for everybody who waits.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::{Instant, timeout};

use super::connect::{ConnectError, Stage, connect};
use super::pipeline::{Call, LastUse, Limits, Then, Waiting, disconnected, run};
use super::versions::Versions;
use crate::config::Address;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::protocol::{ApiVersionsRequest, Request, decode_response, encode_request};
use crate::wire::{Malformed, Reader};

/// What a connection needs to know of the configuration.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// The name in the brokers' logs and quotas.
    pub client_id: Rc<str>,
    /// How long each step of connecting may take: DNS, each address, agreeing on versions.
    pub setup_timeout: Duration,
    /// How long an answer may take.
    pub request_timeout: Duration,
    /// How long a connection is kept that nobody uses.
    pub idle_timeout: Duration,
}

/// A connection that is ready for requests. Dropping it ends it.
#[derive(Debug)]
pub struct Link {
    calls: mpsc::UnboundedSender<Call>,
    task: AbortHandle,
    versions: Versions,
    settings: LinkSettings,
    next_correlation_id: Cell<i32>,
    last_use: LastUse,
}

/// An answer to come.
#[derive(Debug)]
pub struct Answer(oneshot::Receiver<Result<Bytes>>);

impl Answer {
    /// The answer's frame, without its length.
    pub async fn wait(self) -> Result<Bytes> {
        // Without a word where the connection was aborted, whatever was under way then.
        let ended = |_| Err(disconnected("the connection has ended").maybe_written(true));
        self.0.await.unwrap_or_else(ended)
    }
}

impl Link {
    /// Connects and agrees on versions.
    ///
    /// # Cancel safety
    /// Dropping it closes what was opened.
    pub async fn open(address: &Address, settings: &LinkSettings) -> Result<Self, ConnectError> {
        let socket = connect(address, settings.setup_timeout).await?;
        let (calls, queue) = mpsc::unbounded_channel();
        let last_use = Rc::new(Cell::new(Instant::now()));
        let limits = Limits { request: settings.request_timeout, idle: settings.idle_timeout };
        let turning = run(socket, queue, Rc::clone(&last_use), limits);
        let mut link = Self {
            calls,
            last_use,
            task: spawn_local(turning).abort_handle(),
            versions: Versions::default(),
            settings: settings.clone(),
            next_correlation_id: Cell::new(0),
        };
        let limit = settings.setup_timeout;
        let cause = match timeout(limit, link.negotiate()).await {
            Ok(Ok(versions)) => {
                link.versions = versions;
                return Ok(link);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {limit:?}"),
        };
        link.abort();
        Err(ConnectError { address: address.clone(), stage: Stage::ApiVersions, cause })
    }

    /// What the broker speaks.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Whether it can take no more requests.
    pub fn is_closed(&self) -> bool {
        self.calls.is_closed()
    }

    /// Returns when the connection has ended, for whatever reason. Unless it was aborted, its
    /// requests fail before that.
    pub async fn closed(&self) {
        self.calls.closed().await;
    }

    /// Sends a request in the newest version that both sides speak.
    pub async fn call<R: Request>(&self, request: &R) -> Result<R::Response> {
        let version = self.versions.best::<R>()?;
        let frame = self.send(|correlation_id| {
            vec![encode_request(request, version, correlation_id, &self.settings.client_id)]
        });
        decode_response::<R>(&frame.wait().await?, version).map_err(malformed::<R>)
    }

    /// Sends a frame that `encode` writes for the correlation id it is given. The frame is in
    /// line when this returns.
    pub fn send(&self, encode: impl FnOnce(i32) -> Vec<Bytes>) -> Answer {
        let (answer, answered) = oneshot::channel();
        let until = Instant::now() + self.settings.request_timeout;
        self.enqueue(encode, |correlation_id| {
            Then::Answer(Waiting { correlation_id, until, answer })
        });
        Answer(answered)
    }

    /// Sends a frame that is not answered; what comes in place of an answer is empty, and comes
    /// when the frame is written.
    pub fn send_unanswered(&self, encode: impl FnOnce(i32) -> Vec<Bytes>) -> Answer {
        let (written, answered) = oneshot::channel();
        self.enqueue(encode, |_| Then::Silence(written));
        Answer(answered)
    }

    fn enqueue(&self, encode: impl FnOnce(i32) -> Vec<Bytes>, then: impl FnOnce(i32) -> Then) {
        let correlation_id = self.next_correlation_id.get();
        self.next_correlation_id.set(correlation_id.wrapping_add(1));
        self.last_use.set(Instant::now());
        let call = Call { frame: encode(correlation_id), then: then(correlation_id) };
        if let Err(mpsc::error::SendError(call)) = self.calls.send(call) {
            call.refuse(&disconnected("the connection has ended"));
        }
    }

    /// Ends the connection, whatever is under way.
    pub fn abort(&self) {
        self.task.abort();
    }

    /// Kafka 2.4 and later answer version 3; older ones list their versions in version 0.
    async fn negotiate(&self) -> Result<Versions> {
        let request = ApiVersionsRequest {
            client_software_name: "dekaf".into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
        };
        for version in [3, 0] {
            let frame = self.send(|correlation_id| {
                vec![encode_request(&request, version, correlation_id, &self.settings.client_id)]
            });
            let frame = frame.wait().await?;
            if version > 0 && refuses_version(&frame) {
                continue;
            }
            let response = decode_response::<ApiVersionsRequest>(&frame, version)
                .map_err(malformed::<ApiVersionsRequest>)?;
            if !response.error_code.is_success() {
                let message = format!("the broker answered {}", response.error_code);
                return Err(Error::new(ErrorKind::Broker, message).code(response.error_code));
            }
            return Ok(Versions::new(&response.api_keys));
        }
        let message = "the broker refuses every version of ApiVersions";
        Err(Error::new(ErrorKind::UnsupportedVersion, message))
    }
}

/// The error code comes first in every version, behind the correlation id.
fn refuses_version(frame: &Bytes) -> bool {
    let mut input = Reader::new(frame);
    input.skip(size_of::<i32>()).and_then(|()| input.i16()) == Ok(ErrorCode::UNSUPPORTED_VERSION.0)
}

fn malformed<R: Request>(error: Malformed) -> Error {
    let message = format!("{:?}: the broker's answer is malformed: {error}", R::KEY);
    Error::new(ErrorKind::Protocol, message)
}

#[cfg(test)]
mod tests;

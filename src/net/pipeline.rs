//! Requests on one connection: they go out in a pipeline, and answers come back in the same
//! order. The first failure ends the connection and fails every request on it.
//!
//! Knows frames and correlation ids, but no versions: the handshake runs here before they are
//! known.

mod task;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::Instant;

use super::transport::Transport;
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::{Request, decode_response, encode_request};
use task::{LastUse, Limits, Queued, Then, Unanswered, disconnected};

/// What a pipeline needs to know of the configuration.
#[derive(Debug, Clone)]
pub struct PipelineSettings {
    /// The name in the brokers' logs and quotas.
    pub client_id: Rc<str>,
    /// How long an answer may take.
    pub request_timeout: Duration,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
}

/// A connection that takes requests. Dropping it ends the connection, as [`Self::abort`] does.
#[derive(Debug)]
pub(super) struct Pipeline {
    queue: mpsc::UnboundedSender<Queued>,
    task: AbortHandle,
    settings: PipelineSettings,
    next_correlation_id: Cell<i32>,
    last_use: LastUse,
}

/// An answer that has not arrived yet.
#[derive(Debug)]
pub struct PendingAnswer(oneshot::Receiver<Result<Bytes>>);

impl PendingAnswer {
    /// Waits for the answer's frame, without its length.
    pub async fn wait(self) -> Result<Bytes> {
        // An aborted connection drops its requests, written or not.
        let ended = |_| Err(disconnected("the connection has ended").maybe_written(true));
        self.0.await.unwrap_or_else(ended)
    }
}

impl Pipeline {
    /// Takes the transport over, in a task of its own.
    pub(super) fn start(transport: impl Transport, settings: PipelineSettings) -> Self {
        let (queue, queued) = mpsc::unbounded_channel();
        let last_use = Rc::new(Cell::new(Instant::now()));
        let limits = Limits { request: settings.request_timeout, idle: settings.idle_timeout };
        let running = task::run(transport, queued, Rc::clone(&last_use), limits);
        let task = spawn_local(running).abort_handle();
        Self { queue, task, settings, next_correlation_id: Cell::new(0), last_use }
    }

    /// Whether it takes no more requests.
    pub(super) fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    /// Returns when the connection has ended, for whatever reason. Unless it was aborted, its
    /// requests fail before that.
    pub(super) async fn closed(&self) {
        self.queue.closed().await;
    }

    /// Ends the connection, even with requests under way.
    pub(super) fn abort(&self) {
        self.task.abort();
    }

    /// The name that goes into each request.
    pub(super) fn client_id(&self) -> &str {
        &self.settings.client_id
    }

    /// Sends a request in a version, and waits for the answer.
    pub(super) async fn call<R: Request>(&self, request: &R, version: i16) -> Result<R::Response> {
        let frame = self.exchange(request, version).await?;
        decode::<R>(&frame, version)
    }

    /// Sends a request in a version, and waits for the answer's frame.
    pub(super) async fn exchange<R: Request>(&self, request: &R, version: i16) -> Result<Bytes> {
        let answer = self.send(|correlation_id| {
            vec![encode_request(request, version, correlation_id, &self.settings.client_id)]
        });
        answer.wait().await
    }

    /// Sends a frame that `encode` writes for the correlation id it is given. The frame is queued
    /// when this returns.
    pub(super) fn send(&self, encode: impl FnOnce(i32) -> Vec<Bytes>) -> PendingAnswer {
        let (answer, answered) = oneshot::channel();
        let until = Instant::now() + self.settings.request_timeout;
        self.enqueue(encode, |correlation_id| {
            Then::Answer(Unanswered { correlation_id, until, answer })
        });
        PendingAnswer(answered)
    }

    /// Sends a frame that the broker does not answer. An empty frame takes the place of the answer
    /// when it is written.
    pub(super) fn send_unanswered(&self, encode: impl FnOnce(i32) -> Vec<Bytes>) -> PendingAnswer {
        let (written, answered) = oneshot::channel();
        self.enqueue(encode, |_| Then::Silence(written));
        PendingAnswer(answered)
    }

    fn enqueue(&self, encode: impl FnOnce(i32) -> Vec<Bytes>, then: impl FnOnce(i32) -> Then) {
        let correlation_id = self.next_correlation_id.get();
        self.next_correlation_id.set(correlation_id.wrapping_add(1));
        self.last_use.set(Instant::now());
        let queued = Queued { frame: encode(correlation_id), then: then(correlation_id) };
        if let Err(mpsc::error::SendError(queued)) = self.queue.send(queued) {
            queued.refuse(&disconnected("the connection has ended"));
        }
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.abort();
    }
}

/// Decodes an answer's frame.
pub(super) fn decode<R: Request>(frame: &Bytes, version: i16) -> Result<R::Response> {
    decode_response::<R>(frame, version).map_err(|error| {
        let message = format!("{:?}: the broker's answer is malformed: {error}", R::KEY);
        Error::new(ErrorKind::Protocol, message)
    })
}

#[cfg(test)]
mod tests;

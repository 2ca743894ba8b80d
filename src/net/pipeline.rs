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
use task::{Ahead, LastUse, Limits, Queued, Then, disconnected};

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
    ahead: mpsc::UnboundedSender<Ahead>,
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
        let (ahead, first) = mpsc::unbounded_channel();
        let last_use = Rc::new(Cell::new(Instant::now()));
        let limits = Limits { request: settings.request_timeout, idle: settings.idle_timeout };
        let running = task::run(transport, queued, first, Rc::clone(&last_use), limits);
        let task = spawn_local(running).abort_handle();
        Self { queue, ahead, task, settings, next_correlation_id: Cell::new(0), last_use }
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

    /// Sends a request before those that are queued, and waits for the answer.
    pub(super) async fn call_ahead<R: Request>(
        &self,
        request: &R,
        version: i16,
    ) -> Result<R::Response> {
        let answer = self.send_ahead(|correlation_id| {
            vec![encode_request(request, version, correlation_id, &self.settings.client_id)]
        });
        decode::<R>(&answer.wait().await?, version)
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
        let (queued, answer) = self.answered(encode);
        self.enqueue(queued);
        answer
    }

    /// Sends a frame before those that are queued, behind those that are written. It does not count
    /// as a use of the connection.
    pub(super) fn send_ahead(&self, encode: impl FnOnce(i32) -> Vec<Bytes>) -> PendingAnswer {
        let (queued, answer) = self.answered(encode);
        if let Err(mpsc::error::SendError(Ahead::Send(queued))) =
            self.ahead.send(Ahead::Send(queued))
        {
            queued.refuse(&disconnected("the connection has ended"));
        }
        answer
    }

    /// Keeps requests in the queue for as long as the result lives.
    pub(super) fn hold(&self) -> Held<'_> {
        self.stop();
        Held(self)
    }

    /// Keeps requests in the queue until the connection ends.
    pub(super) fn stop(&self) {
        self.steer(Ahead::Hold(true));
    }

    /// Ends the connection, for this reason. Requests that are queued fail as not written.
    pub(super) fn end(&self, reason: &str) {
        self.steer(Ahead::End(reason.to_owned()));
    }

    fn steer(&self, ahead: Ahead) {
        // A connection that has ended needs no steering.
        let _ended = self.ahead.send(ahead);
    }

    /// Whether a request was queued after that moment.
    pub(super) fn was_used_since(&self, then: Instant) -> bool {
        self.last_use.get() > then
    }

    /// Sends a frame that the broker does not answer. An empty frame takes the place of the answer
    /// when it is written.
    pub(super) fn send_unanswered(&self, encode: impl FnOnce(i32) -> Vec<Bytes>) -> PendingAnswer {
        let (written, answered) = oneshot::channel();
        let frame = encode(self.correlation_id());
        self.enqueue(Queued { frame, then: Then::Silence(written) });
        PendingAnswer(answered)
    }

    /// A request that the broker answers.
    fn answered(&self, encode: impl FnOnce(i32) -> Vec<Bytes>) -> (Queued, PendingAnswer) {
        let (answer, answered) = oneshot::channel();
        let correlation_id = self.correlation_id();
        let then = Then::Answer { correlation_id, answer };
        (Queued { frame: encode(correlation_id), then }, PendingAnswer(answered))
    }

    fn correlation_id(&self) -> i32 {
        let correlation_id = self.next_correlation_id.get();
        self.next_correlation_id.set(correlation_id.wrapping_add(1));
        correlation_id
    }

    fn enqueue(&self, queued: Queued) {
        self.last_use.set(Instant::now());
        if let Err(mpsc::error::SendError(queued)) = self.queue.send(queued) {
            queued.refuse(&disconnected("the connection has ended"));
        }
    }
}

/// Keeps requests in the queue until it is dropped.
#[derive(Debug)]
pub(super) struct Held<'a>(&'a Pipeline);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.steer(Ahead::Hold(false));
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

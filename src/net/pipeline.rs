//! Pipelined requests on one connection. Answers arrive in the order of the requests. The first
//! failure ends the connection and fails all its requests.
//!
//! Handles frames and correlation ids, but not versions: the handshake also runs here, before
//! versions are known.

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

#[derive(Debug, Clone)]
pub struct PipelineSettings {
    /// The client's name in the brokers' logs and quotas.
    pub client_id: Rc<str>,
    /// Maximum time from the start of writing a request to its answer.
    pub request_timeout: Duration,
    /// How long an unused connection stays open.
    pub idle_timeout: Duration,
}

/// A connection that accepts requests. Dropping it aborts the connection, as [`Self::abort`] does.
#[derive(Debug)]
pub(super) struct Pipeline {
    queue: mpsc::UnboundedSender<Queued>,
    ahead: mpsc::UnboundedSender<Ahead>,
    task: AbortHandle,
    settings: PipelineSettings,
    next_correlation_id: Cell<i32>,
    last_use: LastUse,
}

#[derive(Debug)]
pub struct PendingAnswer(oneshot::Receiver<Result<Bytes>>);

impl PendingAnswer {
    /// Waits for the answer's frame, without its length prefix.
    pub async fn wait(self) -> Result<Bytes> {
        // An aborted connection drops all its requests, so this one may have been written.
        let ended = |_| Err(disconnected("the connection has ended").maybe_written(true));
        self.0.await.unwrap_or_else(ended)
    }
}

impl Pipeline {
    /// Spawns a task that owns the transport.
    pub(super) fn start(transport: impl Transport, settings: PipelineSettings) -> Self {
        let (queue, queued) = mpsc::unbounded_channel();
        let (ahead, first) = mpsc::unbounded_channel();
        let last_use = Rc::new(Cell::new(Instant::now()));
        let limits = Limits { request: settings.request_timeout, idle: settings.idle_timeout };
        let running = task::run(transport, queued, first, Rc::clone(&last_use), limits);
        let task = spawn_local(running).abort_handle();
        Self { queue, ahead, task, settings, next_correlation_id: Cell::new(0), last_use }
    }

    /// Returns whether new requests fail.
    pub(super) fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    /// Returns once the connection has ended. Unless it was aborted, its requests fail before that.
    pub(super) async fn closed(&self) {
        self.queue.closed().await;
    }

    /// Closes the connection, even with requests in flight.
    pub(super) fn abort(&self) {
        self.task.abort();
    }

    pub(super) fn client_id(&self) -> &str {
        &self.settings.client_id
    }

    /// Sends a request and waits for the answer.
    pub(super) async fn call<R: Request>(&self, request: &R, version: i16) -> Result<R::Response> {
        let frame = self.exchange(request, version).await?;
        decode::<R>(&frame, version)
    }

    /// Sends a request ahead of the queued ones, and waits for the answer.
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

    /// Sends a request and waits for the answer's frame.
    pub(super) async fn exchange<R: Request>(&self, request: &R, version: i16) -> Result<Bytes> {
        let answer = self.send(|correlation_id| {
            vec![encode_request(request, version, correlation_id, &self.settings.client_id)]
        });
        answer.wait().await
    }

    /// Sends a frame that `encode` builds for a correlation id. The frame is queued when this
    /// returns.
    pub(super) fn send(&self, encode: impl FnOnce(i32) -> Vec<Bytes>) -> PendingAnswer {
        let (queued, answer) = self.answered(encode);
        self.enqueue(queued);
        answer
    }

    /// Sends a frame ahead of the queued requests and after the written ones. It does not count as
    /// use of the connection.
    pub(super) fn send_ahead(&self, encode: impl FnOnce(i32) -> Vec<Bytes>) -> PendingAnswer {
        let (queued, answer) = self.answered(encode);
        if let Err(mpsc::error::SendError(Ahead::Send(queued))) =
            self.ahead.send(Ahead::Send(queued))
        {
            queued.refuse(&disconnected("the connection has ended"));
        }
        answer
    }

    /// Stops writing queued requests while the returned guard lives.
    pub(super) fn hold(&self) -> Held<'_> {
        self.stop();
        Held(self)
    }

    /// Stops writing queued requests until the connection ends.
    pub(super) fn stop(&self) {
        self.steer(Ahead::Hold(true));
    }

    /// Ends the connection for this reason. Queued requests fail as not written.
    pub(super) fn end(&self, reason: &str) {
        self.steer(Ahead::End(reason.to_owned()));
    }

    fn steer(&self, ahead: Ahead) {
        // This fails only if the connection has ended.
        let _ended = self.ahead.send(ahead);
    }

    /// Returns whether a request was queued after `then`.
    pub(super) fn was_used_since(&self, then: Instant) -> bool {
        self.last_use.get() > then
    }

    /// Sends a frame that the broker does not answer. Once written, it completes with an empty
    /// frame.
    pub(super) fn send_unanswered(&self, encode: impl FnOnce(i32) -> Vec<Bytes>) -> PendingAnswer {
        let (written, answered) = oneshot::channel();
        let frame = encode(self.correlation_id());
        self.enqueue(Queued { frame, then: Then::Silence(written) });
        PendingAnswer(answered)
    }

    /// Builds a request that expects an answer.
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

/// Holds queued requests back until it is dropped.
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

pub(super) fn decode<R: Request>(frame: &Bytes, version: i16) -> Result<R::Response> {
    decode_response::<R>(frame, version).map_err(|error| {
        let message = format!("{:?}: the broker's answer is malformed: {error}", R::KEY);
        Error::new(ErrorKind::Protocol, message)
    })
}

#[cfg(test)]
mod tests;

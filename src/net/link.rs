//! One connection: requests go out in a pipeline, answers come back in the same order. The
//! first failure ends it for everybody who waits.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::{Instant, sleep_until, timeout};

use super::connect::{ConnectError, Stage, connect, describe};
use super::descriptors::Socket;
use super::versions::Versions;
use crate::config::Address;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::protocol::{ApiVersionsRequest, Request, decode_response, encode_request};
use crate::wire::{LENGTH_SIZE, Malformed, Reader, frame_length};

/// Room for what arrives at once; grows with larger answers.
const READ_BUFFER: usize = 16 * 1024;

/// What a connection needs to know of the configuration.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// The name in the brokers' logs and quotas.
    pub client_id: Rc<str>,
    /// How long each step of connecting may take: DNS, each address, agreeing on versions.
    pub setup_timeout: Duration,
    /// How long an answer may take.
    pub request_timeout: Duration,
}

/// A connection that is ready for requests. Dropping it ends it.
#[derive(Debug)]
pub struct Link {
    calls: mpsc::UnboundedSender<Call>,
    task: AbortHandle,
    versions: Versions,
    settings: LinkSettings,
    next_correlation_id: Cell<i32>,
}

#[derive(Debug)]
struct Call {
    frame: Vec<Bytes>,
    then: Then,
}

/// What is to follow a request.
#[derive(Debug)]
enum Then {
    Answer(Waiting),
    /// Nothing: the broker was told not to answer.
    Silence(oneshot::Sender<Result<Bytes>>),
}

#[derive(Debug)]
struct Waiting {
    correlation_id: i32,
    until: Instant,
    answer: oneshot::Sender<Result<Bytes>>,
}

/// An answer to come.
#[derive(Debug)]
pub struct Answer(oneshot::Receiver<Result<Bytes>>);

impl Answer {
    /// The answer's frame, without its length.
    pub async fn wait(self) -> Result<Bytes> {
        self.0.await.unwrap_or_else(|_| Err(disconnected("the connection has ended")))
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
        let mut link = Self {
            calls,
            task: spawn_local(run(socket, queue, settings.request_timeout)).abort_handle(),
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

    /// Returns when the connection has ended, for whatever reason.
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
        let call = Call { frame: encode(correlation_id), then: then(correlation_id) };
        // A connection that has ended drops the call, and the answer says so.
        let _unsent = self.calls.send(call);
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

fn disconnected(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Disconnected, what.into()).code(ErrorCode::NETWORK_EXCEPTION)
}

/// Turns the connection until it fails or its [`Link`] is dropped.
async fn run(
    mut socket: Socket,
    mut calls: mpsc::UnboundedReceiver<Call>,
    request_timeout: Duration,
) {
    let waiting = RefCell::new(VecDeque::new());
    let (read_half, write_half) = socket.split();
    let ended = {
        let mut sending = pin!(write(write_half, &mut calls, &waiting));
        let mut receiving = pin!(read(read_half, &waiting));
        tokio::select! {
            ended = &mut sending => ended,
            ended = &mut receiving => ended,
            ended = overdue(&waiting, request_timeout) => ended,
        }
    };
    calls.close();
    // Closed before anyone hears of it: who is told that a connection ended may count on it.
    drop(socket);
    let error = match ended {
        Ok(()) => disconnected("the connection was closed"),
        Err(error) => error,
    };
    let unsent = std::iter::from_fn(|| calls.try_recv().ok()).map(|call| match call.then {
        Then::Answer(waiting) => waiting.answer,
        Then::Silence(written) => written,
    });
    for answer in waiting.into_inner().into_iter().map(|waiting| waiting.answer).chain(unsent) {
        // Nobody listens any more where the request itself was given up.
        let _unheard = answer.send(Err(error.clone()));
    }
}

async fn write(
    mut socket: WriteHalf<'_>,
    calls: &mut mpsc::UnboundedReceiver<Call>,
    waiting: &RefCell<VecDeque<Waiting>>,
) -> Result<()> {
    while let Some(Call { frame, then }) = calls.recv().await {
        let written = match then {
            Then::Answer(answer) => {
                // In line before its first byte is out, so that no answer can come too early.
                waiting.borrow_mut().push_back(answer);
                None
            }
            Then::Silence(written) => Some(written),
        };
        write_pieces(&mut socket, frame).await.map_err(|error| disconnected(describe(&error)))?;
        if let Some(written) = written {
            let _unheard = written.send(Ok(Bytes::new()));
        }
    }
    Ok(())
}

/// Writes all pieces without joining them.
async fn write_pieces(socket: &mut WriteHalf<'_>, pieces: Vec<Bytes>) -> io::Result<()> {
    let mut pieces = VecDeque::from(pieces);
    while !pieces.is_empty() {
        let written = {
            let slices: Vec<_> =
                pieces.iter().take(MAX_SLICES).map(|piece| io::IoSlice::new(piece)).collect();
            socket.write_vectored(&slices).await?
        };
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        let mut left = written;
        while let Some(first) = pieces.front_mut() {
            let taken = left.min(first.len());
            first.advance(taken);
            left -= taken;
            if !first.is_empty() {
                break;
            }
            pieces.pop_front();
        }
    }
    Ok(())
}

/// What one system call takes on the platforms there are (`IOV_MAX`, at least 1024 on them).
const MAX_SLICES: usize = 256;

async fn read(mut socket: ReadHalf<'_>, waiting: &RefCell<VecDeque<Waiting>>) -> Result<()> {
    let mut buffer = BytesMut::with_capacity(READ_BUFFER);
    loop {
        while let Some(frame) = take_frame(&mut buffer)? {
            let Some(first) = waiting.borrow_mut().pop_front() else {
                let message = "the broker answered a request that was not made";
                return Err(Error::new(ErrorKind::Protocol, message));
            };
            let answers = Reader::new(&frame).i32();
            if answers != Ok(first.correlation_id) {
                let message = "the broker answered another request than the oldest";
                let error = Error::new(ErrorKind::Protocol, message);
                let _unheard = first.answer.send(Err(error.clone()));
                return Err(error);
            }
            // Nobody listens any more where the request itself was given up.
            let _unheard = first.answer.send(Ok(frame));
        }
        let read = socket.read_buf(&mut buffer).await;
        if read.map_err(|error| disconnected(describe(&error)))? == 0 {
            return Err(disconnected("the broker closed the connection"));
        }
    }
}

/// Takes a whole message off the buffer, if one is there.
fn take_frame(buffer: &mut BytesMut) -> Result<Option<Bytes>> {
    let Some(prefix) = buffer.first_chunk::<LENGTH_SIZE>() else { return Ok(None) };
    let length = frame_length(*prefix)
        .map_err(|error| Error::new(ErrorKind::Protocol, error.to_string()).caused_by(error))?;
    if buffer.len() < LENGTH_SIZE + length {
        return Ok(None);
    }
    buffer.advance(LENGTH_SIZE);
    Ok(Some(buffer.split_to(length).freeze()))
}

/// Ends when the oldest request has waited too long for its answer.
async fn overdue(waiting: &RefCell<VecDeque<Waiting>>, request_timeout: Duration) -> Result<()> {
    loop {
        let until = waiting.borrow().front().map(|first| first.until);
        match until {
            Some(until) if until <= Instant::now() => {
                return Err(disconnected("the broker did not answer within request_timeout_ms"));
            }
            Some(until) => sleep_until(until).await,
            // Whatever is asked meanwhile is due later than this.
            None => sleep_until(Instant::now() + request_timeout).await,
        }
    }
}

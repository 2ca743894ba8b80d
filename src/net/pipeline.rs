//! What turns a connection: writes requests in their order, reads answers in the same, and ends
//! it when either fails, when an answer is late, or when nobody has used it for long.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::connect::describe;
use super::descriptors::Socket;
use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::wire::{LENGTH_SIZE, Reader, frame_length};

/// Room for what arrives at once; grows with larger answers.
const READ_BUFFER: usize = 16 * 1024;

/// What one system call takes on the platforms there are (`IOV_MAX`, at least 1024 on them).
const MAX_SLICES: usize = 256;

/// A request on its way.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) frame: Vec<Bytes>,
    pub(super) then: Then,
}

/// What is to follow a request.
#[derive(Debug)]
pub(super) enum Then {
    Answer(Waiting),
    /// Nothing: the broker was told not to answer.
    Silence(oneshot::Sender<Result<Bytes>>),
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) correlation_id: i32,
    pub(super) until: Instant,
    pub(super) answer: oneshot::Sender<Result<Bytes>>,
}

impl Call {
    /// Tells that the request was not sent. Nobody listens any more where it was given up.
    pub(super) fn refuse(self, error: &Error) {
        let (Then::Answer(Waiting { answer, .. }) | Then::Silence(answer)) = self.then;
        let _unheard = answer.send(Err(error.clone()));
    }
}

/// How long a connection is borne.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Without an answer, or without room for a request.
    pub(super) request: Duration,
    /// Without a request.
    pub(super) idle: Duration,
}

/// When somebody last wanted something of a connection.
pub(super) type LastUse = Rc<Cell<Instant>>;

/// How far a conversation is.
#[derive(Debug)]
struct Progress {
    /// Who waits for an answer, in the order of their requests.
    waiting: RefCell<VecDeque<Waiting>>,
    /// Until when the request that is being written must be out.
    written_by: Cell<Option<Instant>>,
    last_use: LastUse,
    limits: Limits,
}

pub(super) fn disconnected(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Disconnected, what.into()).code(ErrorCode::NETWORK_EXCEPTION)
}

/// Turns the connection until it fails, is of no more use, or its link is dropped.
pub(super) async fn run(
    mut socket: Socket,
    mut calls: mpsc::UnboundedReceiver<Call>,
    last_use: LastUse,
    limits: Limits,
) {
    let progress =
        Progress { waiting: RefCell::default(), written_by: Cell::default(), last_use, limits };
    let (read_half, write_half) = socket.split();
    let ended = tokio::select! {
        ended = write(write_half, &mut calls, &progress) => ended,
        ended = read(read_half, &progress) => ended,
        ended = watch(&progress) => ended,
    };
    // Closed before any request fails: a caller may count on that.
    drop(socket);
    let error = match ended {
        Ok(()) => disconnected("the connection was closed"),
        Err(error) => error,
    };
    for Waiting { answer, .. } in progress.waiting.into_inner() {
        let _unheard = answer.send(Err(error.clone().maybe_written(true)));
    }
    while let Ok(call) = calls.try_recv() {
        call.refuse(&error);
    }
    // Last, as `Link::closed` waits for this. No task runs in between, so no call is missed.
    drop(calls);
}

async fn write(
    mut socket: WriteHalf<'_>,
    calls: &mut mpsc::UnboundedReceiver<Call>,
    progress: &Progress,
) -> Result<()> {
    while let Some(Call { frame, then }) = calls.recv().await {
        let written = match then {
            Then::Answer(answer) => {
                // In line before its first byte is out, so that no answer can come too early.
                progress.waiting.borrow_mut().push_back(answer);
                None
            }
            Then::Silence(written) => Some(written),
        };
        progress.written_by.set(Some(Instant::now() + progress.limits.request));
        let sent = write_pieces(&mut socket, frame).await;
        progress.written_by.set(None);
        if let Some(written) = written {
            let sent = match &sent {
                Ok(()) => Ok(Bytes::new()),
                Err(error) => Err(disconnected(describe(error)).maybe_written(true)),
            };
            let _unheard = written.send(sent);
        }
        sent.map_err(|error| disconnected(describe(&error)))?;
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

async fn read(mut socket: ReadHalf<'_>, progress: &Progress) -> Result<()> {
    let mut buffer = BytesMut::with_capacity(READ_BUFFER);
    loop {
        while let Some(frame) = take_frame(&mut buffer)? {
            let oldest = answered(&mut progress.waiting.borrow_mut(), &frame)?;
            // The receiver is gone if the caller has given the request up.
            let _unheard = oldest.answer.send(Ok(frame));
        }
        let read = socket.read_buf(&mut buffer).await;
        if read.map_err(|error| disconnected(describe(&error)))? == 0 {
            return Err(disconnected("the broker closed the connection"));
        }
    }
}

/// Takes the oldest request out of the queue if the frame answers it. If it does not, the request
/// stays: it may be written, and fails with all the others when the connection ends.
fn answered(waiting: &mut VecDeque<Waiting>, frame: &Bytes) -> Result<Waiting> {
    let answers = Reader::new(frame).i32();
    let message = match waiting.pop_front() {
        Some(oldest) if answers == Ok(oldest.correlation_id) => return Ok(oldest),
        Some(oldest) => {
            waiting.push_front(oldest);
            "the broker answered another request than the oldest"
        }
        None => "the broker answered a request that was not made",
    };
    Err(Error::new(ErrorKind::Protocol, message))
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

/// Ends when the broker has taken too long over anything, or nobody has asked it for long.
async fn watch(progress: &Progress) -> Result<()> {
    let Limits { request, idle } = progress.limits;
    loop {
        let now = Instant::now();
        let answer_by = progress.waiting.borrow().front().map(|first| first.until);
        let idle_at = progress.last_use.get() + idle;
        match (answer_by, progress.written_by.get()) {
            (Some(until), _) if until <= now => {
                return Err(disconnected("the broker did not answer within request_timeout_ms"));
            }
            (_, Some(until)) if until <= now => {
                return Err(disconnected("the broker took no bytes for request_timeout_ms"));
            }
            (None, None) if idle_at <= now => {
                return Err(disconnected(format!("the connection was idle for {idle:?}")));
            }
            (answer_by, written_by) => {
                // Whatever is asked meanwhile is due later than any of these; but what is due
                // may be done, and the connection be idle, before its time.
                let look_again = if idle_at > now { idle_at } else { now + idle };
                let due = answer_by.into_iter().chain(written_by).min();
                sleep_until(due.unwrap_or(now + request).min(look_again)).await;
            }
        }
    }
}

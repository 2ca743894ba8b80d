//! The task that owns a connection's transport. It writes requests and reads answers in the same
//! order. It ends the connection when reading or writing fails, when an answer is late, or when the
//! connection is idle.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::error::{Error, ErrorCode, ErrorKind, Result};
use crate::net::transport::{ReadHalf, Transport, WriteHalf, describe, split};
use crate::wire::{LENGTH_SIZE, Reader, frame_length};

/// The initial size of the read buffer. Larger answers make it grow.
const READ_BUFFER: usize = 16 * 1024;

/// The error of a plain-text client if the broker answers in TLS.
const SPEAKS_TLS: &str = "the port speaks TLS, and plain text was sent; give \
     security=Security.tls(), or tls=True beside user and password";

/// Maximum number of slices in one system call (`IOV_MAX` is at least 1024 on every supported
/// platform).
const MAX_SLICES: usize = 256;

/// A request that waits to be written.
pub(super) struct Queued {
    pub(super) frame: Vec<Bytes>,
    pub(super) then: Then,
}

/// Without the frame, which may contain a password.
impl fmt::Debug for Queued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queued").field("then", &self.then).finish_non_exhaustive()
    }
}

/// Messages that are processed before the queued requests.
#[derive(Debug)]
pub(super) enum Ahead {
    /// A request of a login.
    Send(Queued),
    /// Whether the queued requests must wait.
    Hold(bool),
    /// End the connection, for this reason.
    End(String),
}

/// What the caller expects after a request.
#[derive(Debug)]
pub(super) enum Then {
    /// An answer with the same number.
    Answer { correlation_id: i32, answer: oneshot::Sender<Result<Bytes>> },
    /// No answer. The sender completes when the request is written.
    Silence(oneshot::Sender<Result<Bytes>>),
}

/// A request that the broker has not answered.
#[derive(Debug)]
struct Unanswered {
    correlation_id: i32,
    until: Instant,
    answer: oneshot::Sender<Result<Bytes>>,
}

impl Queued {
    /// Fails a request that was not written.
    pub(super) fn refuse(self, error: &Error) {
        let (Then::Answer { answer, .. } | Then::Silence(answer)) = self.then;
        // The receiver is gone if the caller has abandoned the request.
        let _unheard = answer.send(Err(error.clone()));
    }
}

/// The timeouts of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Maximum time without an answer, or without progress in writing a request.
    pub(super) request: Duration,
    /// Maximum time without a request.
    pub(super) idle: Duration,
}

/// When a request was last queued.
pub(super) type LastUse = Rc<Cell<Instant>>;

/// The state that the deadlines of a connection depend on.
#[derive(Debug)]
struct Activity {
    /// Requests without an answer, oldest first.
    unanswered: RefCell<VecDeque<Unanswered>>,
    /// Deadline of the request that is being written.
    written_by: Cell<Option<Instant>>,
    last_use: LastUse,
    limits: Limits,
}

pub(super) fn disconnected(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Disconnected, what.into()).code(ErrorCode::NETWORK_EXCEPTION)
}

/// Runs the connection until it fails, is idle, or its [`Pipeline`](super::Pipeline) is dropped.
pub(super) async fn run(
    transport: impl Transport,
    mut queue: mpsc::UnboundedReceiver<Queued>,
    mut ahead: mpsc::UnboundedReceiver<Ahead>,
    last_use: LastUse,
    limits: Limits,
) {
    let activity =
        Activity { unanswered: RefCell::default(), written_by: Cell::default(), last_use, limits };
    let transport = RefCell::new(transport);
    let (read_half, write_half) = split(&transport);
    // Reading comes first: a broker that refuses a client sends the reason and resets the
    // connection. Reads then return the reason before they fail; writes fail immediately.
    let ended = tokio::select! {
        biased;
        ended = read(read_half, &activity) => ended,
        ended = write(write_half, &mut queue, &mut ahead, &activity) => ended,
        ended = watch(&activity) => ended,
    };
    // Close the transport before any request fails: callers rely on that order.
    drop(transport);
    let error = match ended {
        Ok(()) => disconnected("the connection was closed"),
        Err(error) => error,
    };
    for Unanswered { answer, .. } in activity.unanswered.into_inner() {
        let _unheard = answer.send(Err(error.clone().maybe_written(true)));
    }
    while let Ok(ahead) = ahead.try_recv() {
        if let Ahead::Send(queued) = ahead {
            queued.refuse(&error);
        }
    }
    while let Ok(queued) = queue.try_recv() {
        queued.refuse(&error);
    }
    // Last, because `Pipeline::closed` waits for this. No other task runs in between, so no request
    // is missed.
    drop((queue, ahead));
}

async fn write(
    mut transport: WriteHalf<'_, impl Transport>,
    queue: &mut mpsc::UnboundedReceiver<Queued>,
    ahead: &mut mpsc::UnboundedReceiver<Ahead>,
    activity: &Activity,
) -> Result<()> {
    let mut is_held = false;
    loop {
        let next = tokio::select! {
            biased;
            Some(next) = ahead.recv() => next,
            Some(queued) = queue.recv(), if !is_held => Ahead::Send(queued),
            else => return Ok(()),
        };
        match next {
            Ahead::Send(queued) => write_request(&mut transport, queued, activity).await?,
            Ahead::Hold(holds) => is_held = holds,
            Ahead::End(reason) => return Err(disconnected(reason)),
        }
    }
}

async fn write_request(
    transport: &mut WriteHalf<'_, impl Transport>,
    Queued { frame, then }: Queued,
    activity: &Activity,
) -> Result<()> {
    let until = Instant::now() + activity.limits.request;
    let written = match then {
        Then::Answer { correlation_id, answer } => {
            // Queued before its first byte is written, so that the answer cannot arrive too early.
            let unanswered = Unanswered { correlation_id, until, answer };
            activity.unanswered.borrow_mut().push_back(unanswered);
            None
        }
        Then::Silence(written) => Some(written),
    };
    activity.written_by.set(Some(until));
    let sent = write_pieces(transport, frame).await;
    activity.written_by.set(None);
    if let Some(written) = written {
        let sent = match &sent {
            Ok(()) => Ok(Bytes::new()),
            Err(error) => Err(disconnected(describe(error)).maybe_written(true)),
        };
        let _unheard = written.send(sent);
    }
    sent.map_err(|error| disconnected(describe(&error)).caused_by(error))
}

/// Writes all pieces without copying them into one buffer.
async fn write_pieces(
    transport: &mut WriteHalf<'_, impl Transport>,
    pieces: Vec<Bytes>,
) -> io::Result<()> {
    let mut pieces = VecDeque::from(pieces);
    while !pieces.is_empty() {
        let written = {
            let slices: Vec<_> =
                pieces.iter().take(MAX_SLICES).map(|piece| io::IoSlice::new(piece)).collect();
            transport.write_vectored(&slices).await?
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
    // A transport that encrypts may buffer the last bytes.
    transport.flush().await
}

async fn read(mut transport: ReadHalf<'_, impl Transport>, activity: &Activity) -> Result<()> {
    let mut buffer = BytesMut::with_capacity(READ_BUFFER);
    loop {
        while let Some(frame) = take_frame(&mut buffer)? {
            let oldest = answered(&mut activity.unanswered.borrow_mut(), &frame)?;
            // The receiver is gone if the caller has abandoned the request.
            let _unheard = oldest.answer.send(Ok(frame));
        }
        let read = transport.read_buf(&mut buffer).await;
        // The cause is kept, because the current stage of the handshake may explain it.
        if read.map_err(|error| disconnected(describe(&error)).caused_by(error))? == 0 {
            return Err(disconnected("the broker closed the connection"));
        }
    }
}

/// Removes the oldest request if the frame answers it. Otherwise the request stays: it may be
/// written, and fails with the others when the connection ends.
fn answered(unanswered: &mut VecDeque<Unanswered>, frame: &Bytes) -> Result<Unanswered> {
    let answers = Reader::new(frame).i32();
    let message = match unanswered.pop_front() {
        Some(oldest) if answers == Ok(oldest.correlation_id) => return Ok(oldest),
        Some(oldest) => {
            unanswered.push_front(oldest);
            "the broker answered another request than the oldest"
        }
        None => "the broker answered a request that was not made",
    };
    Err(Error::new(ErrorKind::Protocol, message))
}

/// Takes a whole message off the buffer, if there is one.
fn take_frame(buffer: &mut BytesMut) -> Result<Option<Bytes>> {
    let Some(prefix) = buffer.first_chunk::<LENGTH_SIZE>() else { return Ok(None) };
    let length = frame_length(*prefix).map_err(|error| match prefix {
        // A TLS alert: a TLS listener answers plain text with it.
        [0x15, 3, ..] => Error::new(ErrorKind::Tls, SPEAKS_TLS),
        _ => Error::new(ErrorKind::Protocol, error.to_string()).caused_by(error),
    })?;
    if buffer.len() < LENGTH_SIZE + length {
        return Ok(None);
    }
    buffer.advance(LENGTH_SIZE);
    Ok(Some(buffer.split_to(length).freeze()))
}

/// Returns when an answer is late, when the broker accepts no bytes, or when the connection is
/// idle.
async fn watch(activity: &Activity) -> Result<()> {
    let Limits { request, idle } = activity.limits;
    loop {
        let now = Instant::now();
        let answer_by = activity.unanswered.borrow().front().map(|first| first.until);
        let idle_at = activity.last_use.get() + idle;
        match (answer_by, activity.written_by.get()) {
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
                // A request that is written meanwhile has a later deadline than all of these. But
                // the oldest request may be answered early, and the connection be idle before its
                // deadline.
                let look_again = if idle_at > now { idle_at } else { now + idle };
                let due = answer_by.into_iter().chain(written_by).min();
                sleep_until(due.unwrap_or(now + request).min(look_again)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::MAX_FRAME;

    #[test]
    fn a_length_takes_no_memory_before_its_bytes_are_there() {
        let mut buffer = BytesMut::with_capacity(READ_BUFFER);
        let room = buffer.capacity();
        buffer.extend_from_slice(&(MAX_FRAME as u32).to_be_bytes());
        assert_eq!(take_frame(&mut buffer).expect("an allowed length"), None);
        assert_eq!(buffer.capacity(), room);
        let mut buffer = BytesMut::from(&i32::MAX.to_be_bytes()[..]);
        take_frame(&mut buffer).expect_err("a length that no broker sends");
    }
}

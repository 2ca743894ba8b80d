//! One client connection. As on a real broker, requests are answered one after another. A
//! misbehaving client can use up only its connection slot and a limited amount of memory.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::requests::{Answered, Reply, answer};
use super::{Control, Shared};
use crate::broker::cluster::NodeId;
use crate::broker::login::Login;
use crate::net::Socket;
use crate::wire::LENGTH_SIZE;

/// Maximum number of connections; a test that needs more leaks them.
const MAX_CONNECTIONS: usize = 1_000;
/// `socket.request.max.bytes`.
const MAX_FRAME_SIZE: usize = 100 << 20;
/// `sasl.server.max.receive.size`: the limit before a client has authenticated.
const MAX_UNAUTHENTICATED_FRAME_SIZE: usize = 512 << 10;
/// Maximum size of all requests that have been received but not answered, of all connections.
const MAX_UNANSWERED_BYTES: usize = 256 << 20;
/// Maximum time to receive a frame that has begun, or to send an answer.
const IO_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum idle time of a connection: `connections.max.idle.ms`.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);
/// Maximum time for the TLS handshake, and for each request before authentication, so that
/// unauthenticated clients do not occupy slots for long.
const UNAUTHENTICATED_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum time to close a TLS connection.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);
/// Bytes per read.
const READ_SIZE: usize = 64 * 1024;

/// The number of open connections, and the bytes of their unanswered requests.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: Cell<usize>,
    unanswered_bytes: Cell<usize>,
}

/// A connection's slot, which is released on drop.
#[derive(Debug)]
pub(super) struct ConnectionSlot {
    connections: Rc<Connections>,
    unanswered_bytes: Cell<usize>,
}

impl Connections {
    /// Returns a slot, if one is free.
    pub(super) fn slot(self: &Rc<Self>) -> Option<ConnectionSlot> {
        let open = self.open.get();
        (open < MAX_CONNECTIONS).then(|| {
            self.open.set(open + 1);
            ConnectionSlot { connections: Rc::clone(self), unanswered_bytes: Cell::default() }
        })
    }
}

impl ConnectionSlot {
    /// Accounts for `size` more bytes; `None` if that exceeds the limit.
    fn reserve(&self, size: usize) -> Option<()> {
        let all = self.connections.unanswered_bytes.get() + size;
        (all <= MAX_UNANSWERED_BYTES).then(|| {
            self.connections.unanswered_bytes.set(all);
            self.unanswered_bytes.set(self.unanswered_bytes.get() + size);
        })
    }

    fn release(&self) {
        let mine = self.unanswered_bytes.take();
        self.connections.unanswered_bytes.set(self.connections.unanswered_bytes.get() - mine);
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.release();
        self.connections.open.set(self.connections.open.get() - 1);
    }
}

/// Serves a connection until either side closes it.
pub(super) async fn serve_connection(
    shared: Arc<Shared>,
    node: NodeId,
    socket: Socket,
    slot: ConnectionSlot,
) {
    let mut control = shared.control.subscribe();
    let hang_ups = control.borrow().hang_ups;
    tokio::select! {
        // On any error the connection is closed, which the client sees.
        _ended = secure(&shared, node, socket, &slot, hang_ups) => {}
        _told = control.wait_for(|control| control.hang_ups != hang_ups) => {}
    }
}

/// Performs the TLS handshake if TLS is enabled, then serves requests.
async fn secure(
    shared: &Arc<Shared>,
    node: NodeId,
    mut socket: Socket,
    slot: &ConnectionSlot,
    hang_ups: u64,
) -> io::Result<()> {
    let Some(acceptor) = &shared.acceptor else {
        return serve_requests(shared, node, &mut socket, slot, hang_ups).await;
    };
    wait_until_resumed(&mut shared.control.subscribe()).await;
    let mut stream = timeout(UNAUTHENTICATED_TIMEOUT, acceptor.accept(socket)).await??;
    serve_requests(shared, node, &mut stream, slot, hang_ups).await?;
    // Without a close_notify, clients treat the end as a truncation attack.
    timeout(SHUTDOWN_TIMEOUT, stream.shutdown()).await?
}

async fn serve_requests<S: AsyncRead + AsyncWrite + Unpin>(
    shared: &Arc<Shared>,
    node: NodeId,
    stream: &mut S,
    slot: &ConnectionSlot,
    hang_ups: u64,
) -> io::Result<()> {
    let mut control = shared.control.subscribe();
    let mut login = Login::new(shared.sasl.as_ref());
    while let Some(frame) = read_frame(stream, slot, login.is_done()).await? {
        // The request may have arrived after the hang-up, and before this task was woken for it.
        if control.borrow().hang_ups != hang_ups {
            return Ok(());
        }
        wait_until_resumed(&mut control).await;
        let Answered { reply, throttle } = answer(shared, node, &mut login, frame).await;
        // The server may have been paused while the answer was delayed or computed.
        wait_until_resumed(&mut control).await;
        match reply {
            Reply::Answer(answer) => timeout(IO_TIMEOUT, write(stream, &answer)).await??,
            Reply::Last(answer) => return timeout(IO_TIMEOUT, write(stream, &answer)).await?,
            Reply::Silence => {}
            Reply::Close => return Ok(()),
        }
        slot.release();
        if !throttle.is_zero() {
            sleep(throttle).await;
        }
    }
    Ok(())
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, answer: &[u8]) -> io::Result<()> {
    stream.write_all(answer).await?;
    // The TLS stream may still buffer encrypted data after a write.
    stream.flush().await
}

/// Waits while answers are held back.
async fn wait_until_resumed(control: &mut watch::Receiver<Control>) {
    // Drop the returned guard: it is a read lock that blocks the next control change. The sender is
    // in `Shared`, so it outlives this wait.
    drop(control.wait_for(|control| !control.is_paused).await);
}

/// Reads a frame without its length. `None` at the end of the stream, or if the frame is too large.
async fn read_frame<S: AsyncRead + Unpin>(
    stream: &mut S,
    slot: &ConnectionSlot,
    is_authenticated: bool,
) -> io::Result<Option<Bytes>> {
    let (idle_timeout, max_size) = if is_authenticated {
        (IDLE_TIMEOUT, MAX_FRAME_SIZE)
    } else {
        (UNAUTHENTICATED_TIMEOUT, MAX_UNAUTHENTICATED_FRAME_SIZE)
    };
    let mut prefix = [0; LENGTH_SIZE];
    // The frame's timeout only begins with its first byte: a client may be idle between requests.
    if timeout(idle_timeout, stream.read(&mut prefix[..1])).await?? == 0 {
        return Ok(None);
    }
    timeout(IO_TIMEOUT, async {
        stream.read_exact(&mut prefix[1..]).await?;
        let length = usize::try_from(i32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
        if length > max_size {
            return Ok(None);
        }
        // Do not reserve memory for the announced length: grow only as data arrives.
        let mut frame = BytesMut::new();
        while frame.len() < length {
            let before = frame.len();
            frame.resize(length.min(before + READ_SIZE), 0);
            if slot.reserve(frame.len() - before).is_none() {
                return Ok(None);
            }
            stream.read_exact(&mut frame[before..]).await?;
        }
        Ok(Some(frame.freeze()))
    })
    .await?
}

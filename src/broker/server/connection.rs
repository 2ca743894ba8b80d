//! One client's connection: a frame comes, is answered, and then the next, as on a real broker.
//! Whatever a client sends or leaves out, it costs no more than its place and its share of
//! memory.

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

/// Connections at a time; a test that needs more has lost some.
const MOST_CONNECTIONS: usize = 1_000;
/// `socket.request.max.bytes`.
const LARGEST_FRAME: usize = 100 << 20;
/// `sasl.server.max.receive.size`: the same for clients that have not authenticated.
const LARGEST_UNAUTHENTICATED_FRAME: usize = 512 << 10;
/// Bytes of requests that are being read, of all connections together.
const MOST_UNREAD: usize = 256 << 20;
/// How long a frame may take that has begun, and an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection is kept that nobody uses: `connections.max.idle.ms`.
const IDLE: Duration = Duration::from_secs(600);
/// How long the TLS handshake may take, and each step of authentication be in coming: strangers
/// must not hold places for long.
const STRANGERS_PATIENCE: Duration = Duration::from_secs(30);
/// How long a client may take to read the end of a TLS connection.
const GOODBYE: Duration = Duration::from_secs(1);
/// How much is read at a time.
const PIECE: usize = 64 * 1024;

/// How many connections there are, and how much they have sent that is not answered.
#[derive(Debug, Default)]
pub(super) struct Connections {
    open: Cell<usize>,
    unread: Cell<usize>,
}

/// A connection's place, for as long as it lasts.
#[derive(Debug)]
pub(super) struct Place {
    connections: Rc<Connections>,
    unread: Cell<usize>,
}

impl Connections {
    /// A place, if one is free.
    pub(super) fn place(self: &Rc<Self>) -> Option<Place> {
        let open = self.open.get();
        (open < MOST_CONNECTIONS).then(|| {
            self.open.set(open + 1);
            Place { connections: Rc::clone(self), unread: Cell::default() }
        })
    }
}

impl Place {
    /// Notes that so much more is held; `None` if that is too much.
    fn hold(&self, size: usize) -> Option<()> {
        let all = self.connections.unread.get() + size;
        (all <= MOST_UNREAD).then(|| {
            self.connections.unread.set(all);
            self.unread.set(self.unread.get() + size);
        })
    }

    fn release(&self) {
        let mine = self.unread.take();
        self.connections.unread.set(self.connections.unread.get() - mine);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.release();
        self.connections.open.set(self.connections.open.get() - 1);
    }
}

/// Serves a connection until either side ends it.
pub(super) async fn converse(shared: Arc<Shared>, node: NodeId, socket: Socket, place: Place) {
    let mut control = shared.control.subscribe();
    let hang_ups = control.borrow().hang_ups;
    tokio::select! {
        // Whatever ended it: the client sees that it has ended.
        _ended = secure(&shared, node, socket, &place) => {}
        _told = control.wait_for(|control| control.hang_ups != hang_ups) => {}
    }
}

/// Begins with a TLS handshake, if clients must.
async fn secure(
    shared: &Arc<Shared>,
    node: NodeId,
    mut socket: Socket,
    place: &Place,
) -> io::Result<()> {
    let Some(acceptor) = &shared.acceptor else {
        return talk(shared, node, &mut socket, place).await;
    };
    resumed(&mut shared.control.subscribe()).await;
    let mut stream = timeout(STRANGERS_PATIENCE, acceptor.accept(socket)).await??;
    talk(shared, node, &mut stream, place).await?;
    // Without a close_notify, clients take the end for an attack.
    timeout(GOODBYE, stream.shutdown()).await?
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    shared: &Arc<Shared>,
    node: NodeId,
    stream: &mut S,
    place: &Place,
) -> io::Result<()> {
    let mut control = shared.control.subscribe();
    let mut login = Login::new(shared.sasl.as_ref());
    while let Some(frame) = read_frame(stream, place, login.is_done()).await? {
        resumed(&mut control).await;
        let Answered { reply, throttle } = answer(shared, node, &mut login, frame).await;
        // It may have begun to hang meanwhile: an answer that is late, or long in coming.
        resumed(&mut control).await;
        match reply {
            Reply::Answer(answer) => timeout(PATIENCE, write(stream, &answer)).await??,
            Reply::Last(answer) => return timeout(PATIENCE, write(stream, &answer)).await?,
            Reply::Silence => {}
            Reply::Close => return Ok(()),
        }
        place.release();
        if !throttle.is_zero() {
            sleep(throttle).await;
        }
    }
    Ok(())
}

async fn write<S: AsyncWrite + Unpin>(stream: &mut S, answer: &[u8]) -> io::Result<()> {
    stream.write_all(answer).await?;
    // TLS says that it has written while it still holds the encrypted end.
    stream.flush().await
}

/// Returns at once, unless every answer is held back.
async fn resumed(control: &mut watch::Receiver<Control>) {
    // What it hands out is a lock, and whoever gives the next order waits for that. The sender
    // is in `Shared`, and so outlives this.
    drop(control.wait_for(|control| !control.is_paused).await);
}

/// A frame without its length; `None` when there are no more, or none that would be served.
async fn read_frame<S: AsyncRead + Unpin>(
    stream: &mut S,
    place: &Place,
    is_authenticated: bool,
) -> io::Result<Option<Bytes>> {
    let (idle, largest) = if is_authenticated {
        (IDLE, LARGEST_FRAME)
    } else {
        (STRANGERS_PATIENCE, LARGEST_UNAUTHENTICATED_FRAME)
    };
    let mut prefix = [0; LENGTH_SIZE];
    // No patience yet: between two requests a client takes its time.
    if timeout(idle, stream.read(&mut prefix[..1])).await?? == 0 {
        return Ok(None);
    }
    timeout(PATIENCE, async {
        stream.read_exact(&mut prefix[1..]).await?;
        let length = usize::try_from(i32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
        if length > largest {
            return Ok(None);
        }
        // Grown by what is really there: a length alone reserves nothing.
        let mut frame = BytesMut::new();
        while frame.len() < length {
            let before = frame.len();
            frame.resize(length.min(before + PIECE), 0);
            if place.hold(frame.len() - before).is_none() {
                return Ok(None);
            }
            stream.read_exact(&mut frame[before..]).await?;
        }
        Ok(Some(frame.freeze()))
    })
    .await?
}

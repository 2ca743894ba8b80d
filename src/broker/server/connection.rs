//! One client's connection: a frame comes, is answered, and then the next, as on a real broker.
//! Whatever a client sends or leaves out, it costs no more than its place and its share of
//! memory.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::requests::{Answered, Reply, answer};
use super::{Control, Shared};
use crate::broker::cluster::NodeId;
use crate::net::Socket;
use crate::wire::LENGTH_SIZE;

/// Connections at a time; a test that needs more has lost some.
const MOST_CONNECTIONS: usize = 1_000;
/// `socket.request.max.bytes`.
const LARGEST_FRAME: usize = 100 << 20;
/// Bytes of requests that are being read, of all connections together.
const MOST_UNREAD: usize = 256 << 20;
/// How long a frame may take that has begun, and an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection is kept that nobody uses: `connections.max.idle.ms`.
const IDLE: Duration = Duration::from_secs(600);
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
pub(super) async fn converse(shared: Arc<Shared>, node: NodeId, mut socket: Socket, place: Place) {
    let mut control = shared.control.subscribe();
    let hang_ups = control.borrow().hang_ups;
    tokio::select! {
        // Whatever ended it: the client sees that it has ended.
        _ended = talk(&shared, node, &mut socket, &place) => {}
        _told = control.wait_for(|control| control.hang_ups != hang_ups) => {}
    }
}

async fn talk(
    shared: &Arc<Shared>,
    node: NodeId,
    socket: &mut Socket,
    place: &Place,
) -> io::Result<()> {
    let mut control = shared.control.subscribe();
    while let Some(frame) = read_frame(socket, place).await? {
        resumed(&mut control).await;
        let Answered { reply, throttle } = answer(shared, node, frame).await;
        // It may have begun to hang meanwhile: an answer that is late, or long in coming.
        resumed(&mut control).await;
        match reply {
            Reply::Answer(answer) => timeout(PATIENCE, socket.write_all(&answer)).await??,
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

/// Returns at once, unless every answer is held back.
async fn resumed(control: &mut watch::Receiver<Control>) {
    // What it hands out is a lock, and whoever gives the next order waits for that. The sender
    // is in `Shared`, and so outlives this.
    drop(control.wait_for(|control| !control.is_paused).await);
}

/// A frame without its length; `None` when there are no more, or none that would be served.
async fn read_frame(socket: &mut Socket, place: &Place) -> io::Result<Option<Bytes>> {
    let mut prefix = [0; LENGTH_SIZE];
    // No patience yet: between two requests a client takes its time.
    if timeout(IDLE, socket.read(&mut prefix[..1])).await?? == 0 {
        return Ok(None);
    }
    timeout(PATIENCE, async {
        socket.read_exact(&mut prefix[1..]).await?;
        let length = usize::try_from(i32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
        if length > LARGEST_FRAME {
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
            socket.read_exact(&mut frame[before..]).await?;
        }
        Ok(Some(frame.freeze()))
    })
    .await?
}

//! Which descriptors are sockets of ours, so that a forked child can close its copies.
//!
//! A socket that a child keeps open would hide its end from the broker, and a farewell sent
//! from the child would end the parent's conversation: the child must close, and only close.
//! Sockets are made and dropped under one lock; whoever forks holds it meanwhile, so the list
//! in the child is exact.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

static OPEN: Mutex<BTreeSet<RawFd>> = Mutex::new(BTreeSet::new());

fn open() -> MutexGuard<'static, BTreeSet<RawFd>> {
    // A set of numbers is whole even if somebody panicked beside it.
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While it lives, no socket is opened or closed: held around a fork.
#[derive(Debug)]
pub struct Quiet {
    open: MutexGuard<'static, BTreeSet<RawFd>>,
}

impl Quiet {
    /// Waits until no socket is being opened or closed; that takes no longer than a system call.
    pub fn wait() -> Self {
        Self { open: open() }
    }
}

/// In a forked child: the descriptors that are the parent's sockets. Each is named once.
pub fn inherited_descriptors(mut quiet: Quiet) -> Vec<RawFd> {
    std::mem::take(&mut *quiet.open).into_iter().collect()
}

/// A listening socket that is on the list for as long as it is open.
#[derive(Debug)]
pub struct Listener {
    /// `None` only while it is dropped.
    socket: Option<std::net::TcpListener>,
}

/// The same, on a runtime.
#[derive(Debug)]
pub struct Listening {
    /// `None` only while it is dropped.
    socket: Option<TcpListener>,
}

/// How long to wait before the next try where no connection could be taken in.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

impl Listener {
    /// Binds it, so that its port is known, and clients may come.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let mut open = open();
        let socket = std::net::TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        open.insert(socket.as_raw_fd());
        Ok(Self { socket: Some(socket) })
    }

    /// The port.
    pub fn port(&self) -> io::Result<u16> {
        let socket = self.socket.as_ref().unwrap_or_else(|| unreachable!("taken only by `drop`"));
        socket.local_addr().map(|address| address.port())
    }

    /// Takes it over to the runtime of this thread.
    pub fn listen(mut self) -> io::Result<Listening> {
        let socket = self.socket.take().unwrap_or_else(|| unreachable!("taken only by `drop`"));
        TcpListener::from_std(socket).map(|socket| Listening { socket: Some(socket) })
    }
}

impl Listening {
    /// The next connection. What goes wrong with one of them is no concern of the others; where
    /// there are no descriptors left, it waits until there are.
    pub async fn accept(&self) -> Socket {
        loop {
            match poll_fn(|context| self.poll_accept(context)).await {
                Ok(socket) => return socket,
                Err(_) => sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<Socket>> {
        let socket = self.socket.as_ref().unwrap_or_else(|| unreachable!("taken only by `drop`"));
        let mut open = open();
        let (stream, _) = std::task::ready!(socket.poll_accept(context))?;
        open.insert(stream.as_raw_fd());
        Poll::Ready(stream.set_nodelay(true).map(|()| Socket { stream: Some(stream) }))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        close(self.socket.take());
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        close(self.socket.take());
    }
}

fn close(socket: Option<impl AsRawFd>) {
    let mut open = open();
    if let Some(socket) = socket {
        open.remove(&socket.as_raw_fd());
        drop(socket);
    }
}

/// A connection that is on the list for as long as it is open.
#[derive(Debug)]
pub struct Socket {
    /// `None` only while it is dropped.
    stream: Option<TcpStream>,
}

impl Socket {
    /// Connects. Dropping the future closes the socket.
    pub(super) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = Self::start(address)?;
        let stream = socket.stream();
        stream.writable().await?;
        match stream.take_error()? {
            Some(error) => Err(error),
            None => Ok(socket),
        }
    }

    fn start(address: SocketAddr) -> io::Result<Self> {
        let mut open = open();
        let socket = socket2::Socket::new(
            socket2::Domain::for_address(address),
            socket2::Type::STREAM,
            Some(socket2::Protocol::TCP),
        )?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        socket.set_keepalive(true)?;
        match socket.connect(&address.into()) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error),
            _ => {}
        }
        let stream = TcpStream::from_std(socket.into())?;
        open.insert(stream.as_raw_fd());
        Ok(Self { stream: Some(stream) })
    }

    fn stream(&self) -> &TcpStream {
        self.stream.as_ref().unwrap_or_else(|| unreachable!("taken only by `drop`"))
    }

    /// Its two directions.
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        self.stream.as_mut().unwrap_or_else(|| unreachable!("taken only by `drop`")).split()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        close(self.stream.take());
    }
}

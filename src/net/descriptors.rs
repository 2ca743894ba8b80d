//! List of this process's open sockets, so that a forked child can close its copies.
//!
//! A copy that a child keeps open would hide the connection's end from the broker. A shutdown by
//! the child would end the parent's connection. So the child must only close(2) its copies. Sockets
//! are opened and closed under one lock, which the forking thread holds during the fork: the
//! child's list is exact.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem::ManuallyDrop;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::TcpKeepalive;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

static OPEN: Mutex<BTreeSet<RawFd>> = Mutex::new(BTreeSet::new());

fn open() -> MutexGuard<'static, BTreeSet<RawFd>> {
    // A panic under the lock cannot leave a set of numbers half-updated.
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prevents sockets from being opened or closed while it lives. Held during a fork.
#[derive(Debug)]
pub struct SocketsGuard {
    open: MutexGuard<'static, BTreeSet<RawFd>>,
}

impl SocketsGuard {
    /// Waits until no socket is being opened or closed, which takes at most one system call.
    pub fn lock() -> Self {
        Self { open: open() }
    }

    /// In a forked child, closes the copies of the parent's sockets without shutting them down.
    /// Neither allocates nor frees memory, so it can run inside the fork handler.
    pub fn close_inherited(mut self) {
        let inherited = ManuallyDrop::new(std::mem::take(&mut *self.open));
        for &descriptor in inherited.iter() {
            #[expect(unsafe_code, reason = "dropping the sockets would call into the runtime")]
            // SAFETY: the list is exact, so the descriptor is one of these sockets. Its owner is a
            // leftover of the parent: the child never drops or uses it.
            unsafe {
                libc::close(descriptor);
            }
        }
    }
}

/// A socket that is on the list exactly while it is open. Both change together, under one lock.
#[derive(Debug)]
struct Listed<S: AsRawFd> {
    /// `None` only while the socket is being dropped or converted.
    socket: Option<S>,
}

impl<S: AsRawFd> Listed<S> {
    /// Lists a socket that was opened under this lock.
    fn add(open: &mut BTreeSet<RawFd>, socket: S) -> Self {
        open.insert(socket.as_raw_fd());
        Self { socket: Some(socket) }
    }

    /// Opens a socket. On failure, the socket is closed and was never listed.
    fn open(make: impl FnOnce() -> io::Result<S>) -> io::Result<Self> {
        let mut open = open();
        Ok(Self::add(&mut open, make()?))
    }

    /// Converts the socket to another type. On failure, it is closed and no longer listed.
    fn convert<T: AsRawFd>(
        mut self,
        make: impl FnOnce(S) -> io::Result<T>,
    ) -> io::Result<Listed<T>> {
        let mut open = open();
        let socket = self.take(&mut open).unwrap_or_else(|| unreachable!("{TAKEN}"));
        Ok(Listed::add(&mut open, make(socket)?))
    }

    /// Removes the socket from the list. It must be closed or listed again under the same lock.
    fn take(&mut self, open: &mut BTreeSet<RawFd>) -> Option<S> {
        self.socket.take().inspect(|socket| {
            open.remove(&socket.as_raw_fd());
        })
    }

    fn get(&self) -> &S {
        self.socket.as_ref().unwrap_or_else(|| unreachable!("{TAKEN}"))
    }

    fn get_mut(&mut self) -> &mut S {
        self.socket.as_mut().unwrap_or_else(|| unreachable!("{TAKEN}"))
    }
}

impl<S: AsRawFd> Drop for Listed<S> {
    fn drop(&mut self) {
        let mut open = open();
        drop(self.take(&mut open));
    }
}

const TAKEN: &str = "a socket is taken only by what consumes it";

/// A bound socket, not yet registered with a runtime.
#[derive(Debug)]
pub struct Listener {
    socket: Listed<std::net::TcpListener>,
}

/// A listening socket on a Tokio runtime.
#[derive(Debug)]
pub struct Listening {
    socket: Listed<TcpListener>,
}

/// Pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

impl Listener {
    /// Binds and listens: the port is known, and clients can connect.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Listed::open(|| {
            let socket = std::net::TcpListener::bind(address)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        })?;
        Ok(Self { socket })
    }

    pub fn port(&self) -> io::Result<u16> {
        self.socket.get().local_addr().map(|address| address.port())
    }

    /// Registers the socket with this thread's runtime.
    pub fn listen(self) -> io::Result<Listening> {
        self.socket.convert(TcpListener::from_std).map(|socket| Listening { socket })
    }
}

impl Listening {
    /// Returns the next connection. Retries after a failure. If the process has no free
    /// descriptors, waits for one.
    pub async fn accept(&self) -> Socket {
        loop {
            let accepted = poll_fn(|context| self.poll_accept(context)).await;
            match accepted.and_then(Socket::without_delay) {
                Ok(socket) => return socket,
                Err(_) => sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<Socket>> {
        let mut open = open();
        let (stream, _) = std::task::ready!(self.socket.get().poll_accept(context))?;
        Poll::Ready(Ok(Socket { stream: Listed::add(&mut open, stream) }))
    }
}

/// Idle time before the first TCP keepalive probe. Load balancers and NAT drop silent connections,
/// some after four minutes.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// A connected TCP socket.
#[derive(Debug)]
pub struct Socket {
    stream: Listed<TcpStream>,
}

impl Socket {
    /// Connects to an address. Dropping the future closes the socket.
    pub(super) async fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = Self::start(address)?;
        let stream = socket.stream.get();
        stream.writable().await?;
        match stream.take_error()? {
            Some(error) => Err(error),
            None => Ok(socket),
        }
    }

    fn start(address: SocketAddr) -> io::Result<Self> {
        let stream = Listed::open(|| {
            let socket = socket2::Socket::new(
                socket2::Domain::for_address(address),
                socket2::Type::STREAM,
                Some(socket2::Protocol::TCP),
            )?;
            socket.set_nonblocking(true)?;
            socket.set_tcp_nodelay(true)?;
            socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
            match socket.connect(&address.into()) {
                Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error),
                _ => {}
            }
            TcpStream::from_std(socket.into())
        })?;
        Ok(Self { stream })
    }

    fn without_delay(self) -> io::Result<Self> {
        self.stream.get().set_nodelay(true)?;
        Ok(self)
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(self.get_mut().stream.get_mut())
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.get().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;

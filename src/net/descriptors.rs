//! Which descriptors are sockets of ours, so that a forked child can close its copies.
//!
//! A socket that a child keeps open would hide its end from the broker, and a shutdown by the
//! child would end the parent's connection: the child must close(2) it, and nothing else.
//! Sockets are made and dropped under one lock, which a forking thread holds meanwhile, so the
//! list in the child is exact.

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
    // A set of numbers is whole even after a panic while it was locked.
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While it lives, no socket is opened or closed: held around a fork.
#[derive(Debug)]
pub struct SocketsGuard {
    open: MutexGuard<'static, BTreeSet<RawFd>>,
}

impl SocketsGuard {
    /// Waits until no socket is being opened or closed; that takes no longer than a system call.
    pub fn lock() -> Self {
        Self { open: open() }
    }

    /// In a forked child: closes its copies of the parent's sockets, and only closes them.
    /// Neither allocates nor frees memory, so that it can run within the fork.
    pub fn close_inherited(mut self) {
        let inherited = ManuallyDrop::new(std::mem::take(&mut *self.open));
        for &descriptor in inherited.iter() {
            #[expect(unsafe_code, reason = "what owns the socket would speak to the runtime")]
            // SAFETY: the list is exact, so the number is that of a socket of ours. What owns it
            // is the parent's: the child forgets it, and uses the number no more.
            unsafe {
                libc::close(descriptor);
            }
        }
    }
}

/// A socket that is on the list exactly as long as it is open: every change of the two happens
/// under one lock.
#[derive(Debug)]
struct Listed<S: AsRawFd> {
    /// `None` only while it is dropped or converted.
    socket: Option<S>,
}

impl<S: AsRawFd> Listed<S> {
    /// Puts a socket on the list that was opened under this lock.
    fn add(open: &mut BTreeSet<RawFd>, socket: S) -> Self {
        open.insert(socket.as_raw_fd());
        Self { socket: Some(socket) }
    }

    /// Opens a socket. If that fails half-way, it is closed and was never on the list.
    fn open(make: impl FnOnce() -> io::Result<S>) -> io::Result<Self> {
        let mut open = open();
        Ok(Self::add(&mut open, make()?))
    }

    /// Makes another type of it. If that fails, the socket is closed, and no longer on the list.
    fn convert<T: AsRawFd>(
        mut self,
        make: impl FnOnce(S) -> io::Result<T>,
    ) -> io::Result<Listed<T>> {
        let mut open = open();
        let socket = self.take(&mut open).unwrap_or_else(|| unreachable!("{TAKEN}"));
        Ok(Listed::add(&mut open, make(socket)?))
    }

    /// Takes the socket off the list. It must be closed, or listed again, under this lock.
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

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    socket: Listed<std::net::TcpListener>,
}

/// The same, on a runtime.
#[derive(Debug)]
pub struct Listening {
    socket: Listed<TcpListener>,
}

/// The pause before the next try after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

impl Listener {
    /// Binds it, so that its port is known, and clients may come.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Listed::open(|| {
            let socket = std::net::TcpListener::bind(address)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        })?;
        Ok(Self { socket })
    }

    /// The port.
    pub fn port(&self) -> io::Result<u16> {
        self.socket.get().local_addr().map(|address| address.port())
    }

    /// Takes it over to the runtime of this thread.
    pub fn listen(self) -> io::Result<Listening> {
        self.socket.convert(TcpListener::from_std).map(|socket| Listening { socket })
    }
}

impl Listening {
    /// The next connection. One that fails does not end the listening; if the process has no
    /// descriptors left, this waits until it has.
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

/// How long a connection may be silent before the system asks whether it is alive. Load balancers
/// and NAT forget silent connections, some of them after four minutes.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// A connection.
#[derive(Debug)]
pub struct Socket {
    stream: Listed<TcpStream>,
}

impl Socket {
    /// Connects. Dropping the future closes the socket.
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

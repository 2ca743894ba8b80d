//! Which descriptors are sockets of ours, so that a forked child can close its copies.
//!
//! A socket that a child keeps open would hide its end from the broker, and a farewell sent
//! from the child would end the parent's conversation: the child must close, and only close.
//! Sockets are made and dropped under one lock; whoever forks holds it meanwhile, so the list
//! in the child is exact.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

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

/// A connection that is on the list for as long as it is open.
#[derive(Debug)]
pub(super) struct Socket {
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

    pub(super) fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        self.stream.as_mut().unwrap_or_else(|| unreachable!("taken only by `drop`")).split()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let mut open = open();
        if let Some(stream) = self.stream.take() {
            open.remove(&stream.as_raw_fd());
            drop(stream);
        }
    }
}

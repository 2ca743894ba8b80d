//! The signal that wakes the reader of a port: a byte in a socket that an event loop watches, or a
//! flag that a thread sleeps on.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug)]
pub(crate) enum Signal {
    /// The sending end. A loop watches the other one.
    Socket(UnixStream),
    /// A thread sleeps on it.
    Flag(Flag),
}

#[derive(Debug, Default)]
pub(crate) struct Flag {
    is_up: Mutex<bool>,
    raised: Condvar,
}

impl Signal {
    pub(crate) fn of_thread() -> Self {
        Self::Flag(Flag::default())
    }

    /// Creates the signal of a loop. Returns also the socket that the loop watches.
    pub(crate) fn of_loop() -> std::io::Result<(Self, UnixStream)> {
        let (signal, inbox) = UnixStream::pair()?;
        signal.set_nonblocking(true)?;
        inbox.set_nonblocking(true)?;
        Ok((Self::Socket(signal), inbox))
    }

    pub(crate) fn is_of_loop(&self) -> bool {
        matches!(self, Self::Socket(_))
    }

    pub(crate) fn give(&self) {
        match self {
            Self::Socket(socket) => {
                // A full socket wakes the loop anyway. A closed one means that the loop has ended.
                let _woken = (&mut &*socket).write(&[0]);
            }
            Self::Flag(flag) => flag.raise(),
        }
    }

    /// Sleeps until the signal is given, at most for `limit`. Returns at once for a loop.
    pub(crate) fn wait(&self, limit: Duration) {
        if let Self::Flag(flag) = self {
            flag.wait(limit);
        }
    }

    /// Resets the signal of a thread. A loop empties its socket instead.
    pub(crate) fn take_back(&self) {
        if let Self::Flag(flag) = self {
            flag.lower();
        }
    }
}

impl Flag {
    fn is_up(&self) -> MutexGuard<'_, bool> {
        self.is_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn raise(&self) {
        *self.is_up() = true;
        self.raised.notify_all();
    }

    fn lower(&self) {
        *self.is_up() = false;
    }

    /// Sleeps until the flag is up, at most for `limit`.
    fn wait(&self, limit: Duration) {
        let asleep = self.raised.wait_timeout_while(self.is_up(), limit, |is_up| !*is_up);
        drop(asleep);
    }
}

/// Reads the bytes in a loop's socket, so that it is quiet until the next signal.
pub(crate) fn empty_inbox(mut inbox: &UnixStream) -> std::io::Result<()> {
    match inbox.read(&mut [0; 64]) {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}

//! The signal that wakes the reader of a port: a byte in a socket that an event loop watches, or a
//! flag that a thread sleeps on. Knows nothing of what the reader finds in the queue.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How a port's reader is woken.
#[derive(Debug)]
pub(crate) enum Signal {
    /// A loop watches the other end.
    Socket(UnixStream),
    /// A thread sleeps.
    Flag(Flag),
}

#[derive(Debug, Default)]
pub(crate) struct Flag {
    is_up: Mutex<bool>,
    raised: Condvar,
}

impl Signal {
    /// The signal of a thread.
    pub(crate) fn of_thread() -> Self {
        Self::Flag(Flag::default())
    }

    /// The signal of a loop, and the end of the socket pair that the loop watches.
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
                // A full socket is one that wakes the loop anyway; a closed one has no loop.
                let _woken = (&mut &*socket).write(&[0]);
            }
            Self::Flag(flag) => flag.raise(),
        }
    }

    /// Sleeps until the signal is given, at most for `limit`. A loop does not sleep here.
    pub(crate) fn wait(&self, limit: Duration) {
        if let Self::Flag(flag) = self {
            flag.wait(limit);
        }
    }

    /// Takes the signal of a thread back. A loop empties its end of the socket instead.
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

    /// Sleeps until it is up, at most for `limit`.
    fn wait(&self, limit: Duration) {
        let asleep = self.raised.wait_timeout_while(self.is_up(), limit, |is_up| !*is_up);
        drop(asleep);
    }
}

/// Reads what a loop's socket holds, so that it stays quiet until the next signal.
pub(crate) fn empty_inbox(mut inbox: &UnixStream) -> std::io::Result<()> {
    match inbox.read(&mut [0; 64]) {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Ok(()),
    }
}

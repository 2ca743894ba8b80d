//! The handlers of fork(2). A forked child has the parent's memory, but only the thread that
//! forked. It closes its copies of the parent's sockets, forgets the parent's cores, and starts a
//! core of its own when it needs one.
//!
//! These are handlers of the C library, not hooks of `os.register_at_fork`. They run after Python's
//! hooks for "before" and before those for "after", so a hook may use a producer. They also run
//! when a C library forks. In the child any other lock may be held for ever, so the handler there
//! neither runs Python nor allocates memory.

use std::cell::Cell;
use std::ffi::c_int;
use std::io;
use std::mem::ManuallyDrop;
use std::sync::OnceLock;

use super::forked_thread;
use crate::net::SocketsGuard;
use crate::py::base::generation::begin_child;
use crate::py::delivery::dispatcher::DispatcherGuard;

/// The locks that core threads take and that a child needs, in the order in which they are taken.
struct Held {
    dispatcher: DispatcherGuard,
    sockets: SocketsGuard,
}

thread_local! {
    /// The locks of the forking thread. Without a destructor, so a thread that is ending can use
    /// it.
    static HELD: Cell<Option<ManuallyDrop<Held>>> = const { Cell::new(None) };
}

/// Registers the handlers once in a process. Registered twice, a fork would wait for its own locks.
pub(crate) fn install() -> io::Result<()> {
    static REGISTERED: OnceLock<c_int> = OnceLock::new();
    let failure = REGISTERED.get_or_init(|| {
        #[expect(unsafe_code, reason = "std has no hooks for forks")]
        // SAFETY: the functions stay loaded, as Python unloads no extension, and do in the child
        // only what is allowed there.
        unsafe {
            libc::pthread_atfork(Some(before), Some(after_in_parent), Some(after_in_child))
        }
    });
    match failure {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(*code)),
    }
}

extern "C" fn before() {
    forked_thread::before_fork();
    let dispatcher = DispatcherGuard::lock();
    let sockets = SocketsGuard::lock();
    HELD.set(Some(ManuallyDrop::new(Held { dispatcher, sockets })));
}

/// Also called if the fork failed.
extern "C" fn after_in_parent() {
    drop(take_held());
}

extern "C" fn after_in_child() {
    begin_child();
    forked_thread::begin_child();
    if let Some(Held { dispatcher, sockets }) = take_held() {
        dispatcher.forget_inherited();
        sockets.close_inherited();
    }
}

fn take_held() -> Option<Held> {
    HELD.take().map(ManuallyDrop::into_inner)
}

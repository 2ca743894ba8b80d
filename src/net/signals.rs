//! Starts the core threads with signals blocked. A C signal handler may shut the interpreter down,
//! which waits for the core thread: on that thread, it would deadlock. A closed connection is a
//! write error, even in a program that lets SIGPIPE end it when its standard output closes.

use std::mem::MaybeUninit;
use std::ptr::null_mut;

/// Signals that a thread raises by a fault. They stay unblocked: their handlers report the faulting
/// thread.
const OWN: [libc::c_int; 6] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP, libc::SIGSYS];

/// Runs `start` with all other signals blocked. New threads and their children inherit that mask,
/// and their writes to closed connections fail with `EPIPE`. Restores this thread's mask
/// afterwards, and leaves the process's signal dispositions unchanged.
pub fn without_signals<R>(start: impl FnOnce() -> R) -> R {
    let _restored = Blocked::new();
    start()
}

/// Blocks this thread's signals while it lives.
struct Blocked {
    before: libc::sigset_t,
}

impl Blocked {
    fn new() -> Self {
        #[expect(unsafe_code, reason = "std has no signal masks")]
        // SAFETY: both sets are initialised before they are read, and the mask is this thread's
        // own.
        unsafe {
            let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
            libc::sigfillset(all.as_mut_ptr());
            for signal in OWN {
                libc::sigdelset(all.as_mut_ptr(), signal);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            Self { before: before.assume_init() }
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "std has no signal masks")]
        // SAFETY: this restores the thread's own previous mask.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, null_mut());
        }
    }
}

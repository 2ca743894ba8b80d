//! The core's threads take no signals. A server's handler may be C's and end the interpreter, which
//! waits for the core: on a thread of the core it would wait for itself. And a peer that is gone is an
//! error of the write: a program that wants to die of a closed pipe on its standard output does not
//! mean its brokers.

use std::mem::MaybeUninit;
use std::ptr::null_mut;

/// Signals that a thread causes itself: a handler of these says where it was.
const OWN: [libc::c_int; 6] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP, libc::SIGSYS];

/// Starts threads with all signals blocked; so are those of the threads that they start. Writes fail
/// with `EPIPE` there. The dispositions of the process and the mask of this thread stay as they are.
pub fn without_signals<R>(start: impl FnOnce() -> R) -> R {
    let _restored = Blocked::new();
    start()
}

/// While it lives, this thread takes no signals.
struct Blocked {
    before: libc::sigset_t,
}

impl Blocked {
    fn new() -> Self {
        #[expect(unsafe_code, reason = "std has no signal masks")]
        // SAFETY: both sets are initialised before they are read, and the mask is this thread's own.
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
        // SAFETY: it is the mask that this thread had.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, null_mut());
        }
    }
}

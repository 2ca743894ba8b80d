//! Signals are the caller's. His handlers may be C's, which end the interpreter or wait for it: on a
//! thread of the core they would wait for themselves. And a peer that is gone is an error of the
//! write, and never a signal: a program that wants to die of a closed pipe on its standard output does
//! not mean its brokers.

use std::mem::MaybeUninit;

/// What a thread has brought upon itself: its handlers say where it was.
const OWN: [libc::c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE];

/// Starts threads that no signal is delivered to, and none that these start. Writes fail with `EPIPE`
/// there. What others have chosen for the process, and for this thread, stays as it is.
pub fn without_signals<R>(start: impl FnOnce() -> R) -> R {
    #[expect(unsafe_code, reason = "std has no signal masks")]
    // SAFETY: both sets are initialised before they are read, and the mask is this thread's own.
    unsafe {
        let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        libc::sigfillset(all.as_mut_ptr());
        for signal in OWN {
            libc::sigdelset(all.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
        let started = start();
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut());
        started
    }
}

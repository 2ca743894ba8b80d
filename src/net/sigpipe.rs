//! A peer that is gone is an error of the write, and never a signal: a program that wants to die
//! of a closed pipe on its standard output does not mean its brokers.

/// Has writes of this thread, and of those that it starts, fail with `EPIPE` in place of
/// SIGPIPE. What others have chosen for the process stays as it is.
pub fn block_sigpipe() {
    #[expect(unsafe_code, reason = "std has no signal masks")]
    // SAFETY: the set is initialised before it is read, and the mask is this thread's own.
    unsafe {
        let mut set = std::mem::MaybeUninit::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
    }
}

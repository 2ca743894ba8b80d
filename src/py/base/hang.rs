//! A thread that Python ends in the middle of a call hangs instead.
//!
//! While CPython up to 3.13 takes the interpreter apart, it ends every other thread that asks for
//! it, with `pthread_exit`. In glibc that unwinds the thread's stack. A frame of Rust cannot be
//! unwound that way: the process would abort, or run destructors without the interpreter. So the
//! thread registers a cleanup handler, which the C library calls before it unwinds the first frame,
//! and the handler never returns. CPython 3.14 lets such threads hang by itself.
//! `docs/design/threads-at-exit.md` says more.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod cleanup;

/// Makes this thread hang where Python would end it. For every thread, before it runs Python below
/// a frame of ours or asks for the interpreter again.
pub(crate) fn hang_at_exit() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    cleanup::register();
}

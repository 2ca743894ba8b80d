//! Makes a thread hang where Python would end it in the middle of a call.
//!
//! During finalization, CPython up to 3.13 ends every other thread that asks for the interpreter,
//! with `pthread_exit`. In glibc that unwinds the thread's stack, and Rust frames cannot be unwound
//! that way: the process would abort, or run destructors without the interpreter. So the thread
//! registers a cleanup handler, which the C library calls before it unwinds the first frame, and
//! the handler never returns. CPython 3.14 lets such threads hang. See
//! `docs/design/threads-at-exit.md`.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod cleanup;

/// Makes this thread hang where Python would end it. Call it before any call into Python, and
/// before any wait for the interpreter.
pub(crate) fn hang_at_exit() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    cleanup::register();
}

//! The end of the thread that a forked child was left with, if it is not the main thread. Python
//! runs no `atexit` then, and dekaf's threads would keep the child alive for ever. So a
//! thread-local destructor delivers what was handed over, and ends them. Other threads of the child
//! cannot use a producer afterwards.

use std::cell::Cell;

use super::c_exit;
use crate::py::base::generation::Generation;
use crate::py::base::interpreter_end;
use crate::py::delivery::dispatcher;

thread_local! {
    // The first two are set within a fork, so they must not have destructors.
    /// Whether this is the thread in which the first of these processes began.
    static IS_MAIN: Cell<Option<bool>> = const { Cell::new(None) };
    /// The child process whose only thread this was at its fork.
    static CHILD: Cell<Option<Generation>> = const { Cell::new(None) };
    /// Its destructor runs at the end of each thread that has accessed it.
    static END: End = const { End };
}

struct End;

impl Drop for End {
    fn drop(&mut self) {
        let has_this_process = CHILD.get() == Some(Generation::current());
        if has_this_process && !interpreter_end::has_begun() {
            interpreter_end::begin();
            c_exit::deliver_apart("the thread of the forked process ended");
            dispatcher::leave_behind();
        }
    }
}

/// Called before a fork, in the thread that forks.
pub(crate) fn before_fork() {
    if IS_MAIN.get().is_none() {
        IS_MAIN.set(Some(began_the_process()));
    }
    if IS_MAIN.get() == Some(false) {
        // In the parent the destructor does nothing. A thread that is ending already starts no
        // core.
        let _ended = END.try_with(|_| ());
    }
}

/// Called in the child, within the fork.
pub(crate) fn begin_child() {
    if IS_MAIN.get() == Some(false) {
        CHILD.set(Some(Generation::current()));
    }
}

/// Call it before a fork only: in the child, any thread looks like the first one.
fn began_the_process() -> bool {
    #[expect(unsafe_code, reason = "the standard library does not know which thread is the first")]
    // SAFETY: the functions have no requirements.
    unsafe {
        #[cfg(target_os = "linux")]
        return libc::gettid() == libc::getpid();
        #[cfg(not(target_os = "linux"))]
        return libc::pthread_main_np() == 1;
    }
}

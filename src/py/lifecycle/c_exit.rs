//! The end of a process by C's `exit`, without the end of the interpreter. Servers that embed
//! Python may end like this, even in a signal handler. Messages are delivered here too, but no
//! callback is called: the thread that calls `exit` may hold the interpreter.

use std::io::Write;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::process::{abandoned, close, losses, take_running, trouble};
use crate::net::without_signals;
use crate::py::base::interpreter_end;

/// Maximum wait for a lock. The interrupted thread may hold it, and never release it.
const LOCKED: Duration = Duration::from_secs(1);

/// Registers with C's `atexit`.
pub(crate) fn install() {
    #[expect(unsafe_code, reason = "the standard library does not know the end of the process")]
    // SAFETY: the function does not unwind, and the library is never unloaded.
    let registered = unsafe { libc::atexit(at_c_exit) };
    debug_assert_eq!(registered, 0, "glibc refuses one only when there is no memory");
}

extern "C" fn at_c_exit() {
    if !interpreter_end::has_begun() {
        deliver_apart("the process called exit()");
    }
}

/// Delivers what was handed over, without the interpreter. `end` names the reason in the line on stderr. It works on
/// its own thread, because this one may hold the locks that are needed.
pub(crate) fn deliver_apart(end: &'static str) {
    let (progress, news) = channel();
    let work = move || deliver(end, &progress);
    let started = without_signals(|| thread::Builder::new().name("dekaf-exit".into()).spawn(work));
    if started.is_ok()
        && let Ok(until) = news.recv_timeout(2 * LOCKED)
    {
        let left = until.saturating_duration_since(Instant::now());
        // The thread sends nothing more: it has ended, or the process ends without it.
        let _ended = news.recv_timeout(left + LOCKED);
    }
}

/// Delivers the messages of all cores. Sends the deadline first.
fn deliver(end: &str, progress: &Sender<Instant>) {
    let Some(running) = take_running(LOCKED) else { return };
    let given_up = abandoned(&running);
    let until = close(&running);
    // The receiver may have given up.
    let _received = progress.send(until);
    for (core, _) in &running {
        core.client.wait_ended(until.saturating_duration_since(Instant::now()));
    }
    if let Some(line) = losses(&running, given_up, trouble(&running), end) {
        let _written = std::io::stderr().write_all(line.as_bytes());
    }
    // They hold Python objects, which cannot be dropped without the interpreter.
    std::mem::forget(running);
}

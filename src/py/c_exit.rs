//! The end of a process by C's `exit` without the end of the interpreter. Servers that embed Python may
//! end so, even in a signal's handler. What was handed over is delivered here, too; no callback is
//! called, because the thread that ends may hold the interpreter.

use std::io::Write;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::process::{GIVING_UP, abandoned, is_over, losses, take_running, trouble};
use super::started::Running;
use crate::net::without_signals;

/// How long a lock is waited for: an interrupted thread may hold it for ever.
const LOCKED: Duration = Duration::from_secs(1);

/// Registers with C's `atexit`.
pub(super) fn install() {
    #[expect(unsafe_code, reason = "the standard library does not know the end of the process")]
    // SAFETY: the function does not unwind, and the library is never unloaded.
    let registered = unsafe { libc::atexit(at_c_exit) };
    debug_assert_eq!(registered, 0, "glibc refuses one only when there is no memory");
}

extern "C" fn at_c_exit() {
    if is_over() {
        return;
    }
    let (limits, limit) = channel();
    let (ends, end) = channel();
    // On a thread of its own: this one may hold the locks that are needed.
    let work = move || deliver(&limits, &ends);
    let started = without_signals(|| thread::Builder::new().name("dekaf-exit".into()).spawn(work));
    if started.is_ok()
        && let Ok(limit) = limit.recv_timeout(2 * LOCKED)
    {
        // If it is not done by then, the process ends without it.
        let _ended = end.recv_timeout(limit + GIVING_UP + LOCKED);
    }
}

fn deliver(limits: &Sender<Duration>, ends: &Sender<()>) {
    let Some(running) = take_running(LOCKED) else { return };
    let limit = running.iter().map(|(_, limit)| *limit).max().unwrap_or_default();
    // The receiver may have given up.
    let _received = limits.send(limit);
    let given_up = abandoned(&running);
    close(&running, limit);
    if let Some(line) = losses(&running, given_up, trouble(&running), "the process called exit()") {
        let _written = std::io::stderr().write_all(line.as_bytes());
    }
    // They hold objects of Python's.
    std::mem::forget(running);
    let _received = ends.send(());
}

fn close(running: &[(Running, Duration)], limit: Duration) {
    for (Running { client, .. }, limit) in running {
        client.close(*limit, None);
    }
    let until = Instant::now() + limit + GIVING_UP;
    for (Running { client, .. }, _) in running {
        client.wait_ended(until.saturating_duration_since(Instant::now()));
    }
}

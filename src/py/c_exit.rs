//! The end of a process by C's `exit`, without the end of the interpreter: some servers that embed
//! Python end so, in a signal's handler even. What was handed over is delivered here, too. Callbacks
//! are not called any more: the interpreter may be held by the very thread that ends.

use std::io::Write;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::process::{GIVING_UP, is_over, take_running};
use super::started::Running;
use crate::net::without_signals;

/// A thread that was interrupted may hold a lock: nothing is waited for longer than this.
const LOCKED: Duration = Duration::from_secs(1);

/// Registers with C's `atexit`.
pub(super) fn install() {
    #[expect(unsafe_code, reason = "the standard library does not know the end of the process")]
    // SAFETY: the function unwinds nowhere, and the library is never unloaded.
    let registered = unsafe { libc::atexit(at_c_exit) };
    debug_assert_eq!(registered, 0, "there is memory for 32 of them in any case");
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
        && let Ok(limit) = limit.recv_timeout(LOCKED)
    {
        // Whether it came to an end or not, it has said what there is to say.
        let _ended = end.recv_timeout(limit + GIVING_UP + LOCKED);
    }
}

fn deliver(limits: &Sender<Duration>, ends: &Sender<()>) {
    let Some(running) = take_running(LOCKED) else { return };
    let limit = running.iter().map(|(_, limit)| *limit).max().unwrap_or_default();
    // Who listens may have given up.
    let _heard = limits.send(limit);
    let lost = close(&running, limit);
    // They hold objects of Python's.
    std::mem::forget(running);
    if lost > 0 {
        let what = if lost == 1 { "message was" } else { "messages were" };
        let line =
            format!("dekaf: {lost} {what} not delivered before the process ended by exit()\n");
        let _written = std::io::stderr().write_all(line.as_bytes());
    }
    let _heard = ends.send(());
}

/// Delivers what there is, and says how many messages could not be.
fn close(running: &[(Running, Duration)], limit: Duration) -> usize {
    let abandoned = || running.iter().map(|(core, _)| core.client.abandoned()).sum::<usize>();
    let given_up = abandoned();
    for (Running { client, .. }, limit) in running {
        client.close(*limit, None);
    }
    let until = Instant::now() + limit + GIVING_UP;
    for (Running { client, .. }, _) in running {
        client.wait_ended(until.saturating_duration_since(Instant::now()));
    }
    abandoned() - given_up
}

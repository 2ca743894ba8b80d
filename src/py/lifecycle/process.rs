//! The cores that run in this process, and its end. At exit the main thread waits until messages
//! are delivered and the core threads have ended. These never use the interpreter.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyImportError;
use pyo3::ffi::{PyInterpreterState_Get, PyInterpreterState_GetID};
use pyo3::prelude::*;

use super::started::Running;
use crate::py::base::calls::{call_alone, call_with, detached};
use crate::py::base::generation::Generation;
use crate::py::base::interpreter_end;
use crate::py::base::interrupts::SIGNAL_CHECK;
use crate::py::base::upcalls::upcalls;
use crate::py::delivery::dispatcher;

/// Locked only with the interpreter held, so it is free in a forked child. Only [`take_running`]
/// locks it without.
static CORES: Mutex<Cores> =
    Mutex::new(Cores { generation: Generation::FIRST, running: Vec::new() });

struct Cores {
    /// The process that runs the cores.
    generation: Generation,
    /// The cores that may still have something to deliver, each with its `exit_timeout_ms`.
    running: Vec<(Running, Duration)>,
}

/// Added to a limit, because giving up takes a moment.
const GIVING_UP: Duration = Duration::from_secs(1);

/// Returns the cores of this process. A child forgets its parent's cores here, at its first access,
/// and not in a fork hook: a hook of the user's that ran earlier may have started a core.
fn cores() -> MutexGuard<'static, Cores> {
    let mut cores = CORES.lock().unwrap_or_else(PoisonError::into_inner);
    if !cores.generation.is_current() {
        cores.generation = Generation::current();
        // Their locks may be held for ever, by threads that do not exist here.
        std::mem::forget(std::mem::take(&mut cores.running));
    }
    cores
}

/// Keeps a core until it has ended.
pub(crate) fn register(py: Python<'_>, core: Running, exit_timeout: Duration) -> PyResult<()> {
    cores().running.push((core, exit_timeout));
    sweep(py);
    drain_with_workers(py)
}

/// Drops the cores that have ended, unless they have failures to report.
pub(crate) fn sweep(_py: Python<'_>) {
    let is_done = |core: &Running| {
        core.client.wait_ended(Duration::ZERO)
            && core.user_code.unclaimed().unreported_failures() == 0
    };
    let mut cores = cores();
    let all = std::mem::take(&mut cores.running);
    let (done, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(core, _)| is_done(core));
    cores.running = others;
    drop(cores);
    // After the lock is released: the destructor of a user's function may run any code.
    drop(done);
}

/// Takes the cores, without the interpreter. Returns `None` if their lock is not free within
/// `limit`, or if they belong to the parent.
pub(crate) fn take_running(limit: Duration) -> Option<Vec<(Running, Duration)>> {
    let until = Instant::now() + limit;
    loop {
        let cores = match CORES.try_lock() {
            Ok(cores) => Some(cores),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        if let Some(mut cores) = cores {
            let is_ours = cores.generation.is_current();
            return is_ours.then(|| std::mem::take(&mut cores.running));
        }
        if Instant::now() >= until {
            return None;
        }
        std::thread::yield_now();
    }
}

/// Has Python call [`drain`] in processes that end without `atexit`. Once in each process.
fn drain_with_workers(py: Python<'_>) -> PyResult<()> {
    static REGISTERED_IN: Mutex<Option<Generation>> = Mutex::new(None);
    let registered = || REGISTERED_IN.lock().unwrap_or_else(PoisonError::into_inner);
    if *registered() != Some(Generation::current()) {
        call_alone(upcalls(py)?.drain_with_workers.bind(py))?;
        *registered() = Some(Generation::current());
    }
    Ok(())
}

/// Fails in a subinterpreter. It would end long before the process, whose cores, threads and forks
/// all interpreters share.
pub(crate) fn check_interpreter() -> PyResult<()> {
    #[expect(unsafe_code, reason = "PyO3 does not know of other interpreters")]
    // SAFETY: the interpreter is held.
    let id = unsafe { PyInterpreterState_GetID(PyInterpreterState_Get()) };
    if id == 0 {
        return Ok(());
    }
    Err(PyImportError::new_err(
        "dekaf works in the main interpreter alone, and this is a subinterpreter; under mod_wsgi, \
         set WSGIApplicationGroup %{GLOBAL}",
    ))
}

/// Deliver what was handed over, end all cores, and write a line to `sys.stderr` if messages were
/// not delivered. Called at the end of the process; nothing can be produced afterwards.
#[pyfunction]
pub(crate) fn drain(py: Python<'_>) -> PyResult<()> {
    interpreter_end::begin();
    let running = std::mem::take(&mut cores().running);
    let generation = Generation::current();
    let given_up = abandoned(&running);
    let mut until = close(&running);
    let mut interrupted = Ok(());
    for (Running { client, .. }, _) in &running {
        while !detached(py, || client.wait_ended(SIGNAL_CHECK)) && Instant::now() < until {
            let signal = py.check_signals();
            if !generation.is_current() {
                // The handler has forked. The cores belong to the parent.
                std::mem::forget(running);
                return signal;
            }
            if let Err(signal) = signal {
                interrupted = Err(signal);
                // Give up the remaining messages, and count them.
                for (core, _) in &running {
                    core.client.close(Duration::ZERO, None);
                }
                until = until.min(Instant::now() + GIVING_UP);
            }
        }
    }
    let trouble = trouble(&running);
    let ended = dispatcher::end(py, until);
    if let Some(line) = losses(&running, given_up, trouble, "the interpreter ended") {
        call_with(upcalls(py)?.write_stderr.bind(py), (line,), None)?;
    }
    interrupted.and(ended)
}

/// Closes all cores. Returns the time by which they have ended.
pub(crate) fn close(running: &[(Running, Duration)]) -> Instant {
    let mut until = Instant::now();
    for (Running { client, .. }, limit) in running {
        client.close(*limit, None);
        until = until.max(Instant::now() + *limit);
    }
    until + GIVING_UP
}

/// The number of messages that were given up. Those given up before the exit were reported then.
pub(crate) fn abandoned(running: &[(Running, Duration)]) -> usize {
    running.iter().map(|(core, _)| core.client.abandoned()).sum()
}

/// Why the cluster is unreachable, if messages were lost for that reason.
pub(crate) fn trouble(running: &[(Running, Duration)]) -> Option<String> {
    let has_lost = |core: &Running| {
        core.client.abandoned() > 0 || core.user_code.unclaimed().unreported_failures() > 0
    };
    let mut losers = running.iter().map(|(core, _)| core).filter(|core| has_lost(core));
    losers.find_map(|core| core.client.trouble())
}

/// Returns a line with the number of lost messages, if there are any.
pub(crate) fn losses(
    running: &[(Running, Duration)],
    given_up: usize,
    trouble: Option<String>,
    end: &str,
) -> Option<String> {
    let untold = running
        .iter()
        .map(|(core, _)| core.user_code.unclaimed().unreported_failures())
        .sum::<u64>();
    let lost = (abandoned(running) - given_up) as u64 + untold;
    if lost == 0 {
        return None;
    }
    let what = if lost == 1 { "message was" } else { "messages were" };
    let untold =
        || running.iter().find_map(|(core, _)| core.user_code.unclaimed().first_unreported());
    let why = trouble.or_else(untold).map_or(String::new(), |why| format!(": {why}"));
    Some(format!(
        "dekaf: {lost} {what} not delivered before {end}{why}; close the producer, or use it in a \
         with block, to hear of it in time\n"
    ))
}

//! The process: whether it is a forked child, which cores run in it, and its end.
//!
//! At exit the main thread waits for what was handed over to be delivered, and for the core's
//! threads to end; they never touch the interpreter.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyException, PyImportError, PyRuntimeError};
use pyo3::ffi::{PyInterpreterState_Get, PyInterpreterState_GetID};
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use super::started::Running;
use crate::py::base::calls::{detached, import, method_with};
use crate::py::delivery::dispatcher;
use crate::py::waiters::answer::SIGNAL_CHECK;

/// How many forks lie between this process and the one that imported the module.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Locked only with the interpreter held, so it is free in a forked child. [`take_running`] alone
/// locks it without.
static CORES: Mutex<Cores> = Mutex::new(Cores { generation: 0, running: Vec::new() });

struct Cores {
    /// The process that they belong to.
    generation: u64,
    /// Those that may still have something to deliver, each with the time it has at exit.
    running: Vec<(Running, Duration)>,
}

/// Whether the end of the interpreter has come by.
static IS_OVER: AtomicBool = AtomicBool::new(false);

/// A little more than a limit: giving up is quick, but not instant.
const GIVING_UP: Duration = Duration::from_secs(1);

pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Fails in the child, if the caller's own code has forked in the middle of a call: what the call
/// has begun is the parent's, whose core may have held its locks.
pub(crate) fn check_not_forked(since: u64) -> PyResult<()> {
    if generation() == since { Ok(()) } else { Err(forked()) }
}

pub(crate) fn forked() -> PyErr {
    PyRuntimeError::new_err(
        "the call was begun before the process was forked, and goes on in the parent alone; make \
         another one here",
    )
}

/// In a forked child, within the fork: what there is belongs to the parent.
pub(crate) fn begin_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// The cores of this process. A child forgets its parent's when it first looks, and not in a hook:
/// a hook of the user's that ran before may have started a core.
fn cores() -> MutexGuard<'static, Cores> {
    let mut cores = CORES.lock().unwrap_or_else(PoisonError::into_inner);
    if cores.generation != generation() {
        cores.generation = generation();
        // Their locks may be held for ever, by threads that do not exist here.
        std::mem::forget(std::mem::take(&mut cores.running));
    }
    cores
}

/// Remembers a core until it has ended.
pub(crate) fn register(py: Python<'_>, core: Running, exit_timeout: Duration) -> PyResult<()> {
    cores().running.push((core, exit_timeout));
    sweep(py);
    drain_with_workers(py)
}

/// Forgets the cores that have ended, unless somebody has yet to be told of their failures.
pub(crate) fn sweep(_py: Python<'_>) {
    let is_done = |core: &Running| {
        core.client.wait_ended(Duration::ZERO) && core.voice.untold_failures() == 0
    };
    let mut cores = cores();
    let all = std::mem::take(&mut cores.running);
    let (done, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(core, _)| is_done(core));
    cores.running = others;
    drop(cores);
    // Behind the lock: the end of a user's function may run anything.
    drop(done);
}

/// Takes the cores that may still have something to deliver, without the interpreter. `None` if their
/// lock is not free within `limit`, or if they are the parent's of a forked child.
pub(crate) fn take_running(limit: Duration) -> Option<Vec<(Running, Duration)>> {
    let until = Instant::now() + limit;
    loop {
        let cores = match CORES.try_lock() {
            Ok(cores) => Some(cores),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        if let Some(mut cores) = cores {
            let is_ours = cores.generation == generation();
            return is_ours.then(|| std::mem::take(&mut cores.running));
        }
        if Instant::now() >= until {
            return None;
        }
        std::thread::yield_now();
    }
}

/// Nothing new is started from here on.
pub(crate) fn begin_end() {
    IS_OVER.store(true, Ordering::Relaxed);
}

/// Whether the end of the interpreter has been here.
pub(crate) fn is_over() -> bool {
    IS_OVER.load(Ordering::Relaxed)
}

/// Fails when the end of the interpreter has been here: nobody waits for what starts now.
pub(crate) fn check_not_over() -> PyResult<()> {
    if is_over() {
        return Err(PyRuntimeError::new_err(
            "the interpreter is ending, and what is produced now would be lost; produce before \
             that, or register with atexit after importing dekaf",
        ));
    }
    Ok(())
}

/// Some processes end without `atexit`: see `dekaf._process`. Said once for each process.
fn drain_with_workers(py: Python<'_>) -> PyResult<()> {
    static SAID_IN: AtomicU64 = AtomicU64::new(0);
    let here = generation() + 1;
    if SAID_IN.load(Ordering::Relaxed) != here {
        let module = import(py, "dekaf._process")?;
        method_with(&module, "drain_with_workers", (hook(py, at_exit)?,))?;
        SAID_IN.store(here, Ordering::Relaxed);
    }
    Ok(())
}

fn hook(
    py: Python<'_>,
    function: fn(Python<'_>) -> PyResult<()>,
) -> PyResult<Bound<'_, PyCFunction>> {
    PyCFunction::new_closure(py, None, None, move |arguments, _| function(arguments.py()))
}

/// Fails in a subinterpreter. Its end would come long before that of the process, whose cores,
/// threads and forks are the same for all interpreters.
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

/// Registers with `atexit`. Imports what the first message would import: a child that another
/// thread forks meanwhile would wait for that for ever.
pub(crate) fn install(py: Python<'_>) -> PyResult<()> {
    for module in ["dekaf._process", "dekaf._promise"] {
        import(py, module)?;
    }
    method_with(&import(py, "atexit")?, "register", (hook(py, at_exit)?,))?;
    Ok(())
}

/// Anything that differs between producers: they must not all choose the same partitions.
pub(crate) fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// Delivers what there is, and says what could not be delivered.
pub(crate) fn at_exit(py: Python<'_>) -> PyResult<()> {
    begin_end();
    let running = std::mem::take(&mut cores().running);
    let of_these = generation();
    let given_up = abandoned(&running);
    let mut until = close(&running);
    let mut interrupted = Ok(());
    for (Running { client, .. }, _) in &running {
        while !detached(py, || client.wait_ended(SIGNAL_CHECK)) && Instant::now() < until {
            let signal = py.check_signals();
            if generation() != of_these {
                // The handler has forked: these are the parent's.
                std::mem::forget(running);
                return signal;
            }
            if let Err(signal) = signal {
                interrupted = Err(signal);
                // What is left is given up, and counted.
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
        say(py, &line)?;
    }
    interrupted.and(ended)
}

/// Writes a line to `sys.stderr`, or to Python's own stream, should the user's refuse it.
fn say(py: Python<'_>, line: &str) -> PyResult<()> {
    let sys = import(py, "sys")?;
    let write = |name| method_with(&sys.getattr(name)?, "write", (line,)).map(drop);
    match write("stderr") {
        Err(refused) if refused.is_instance_of::<PyException>(py) => {
            write("__stderr__").map_err(|_| refused)
        }
        written => written,
    }
}

/// Closes all of them, and says by when they have ended.
pub(crate) fn close(running: &[(Running, Duration)]) -> Instant {
    let mut until = Instant::now();
    for (Running { client, .. }, limit) in running {
        client.close(*limit, None);
        until = until.max(Instant::now() + *limit);
    }
    until + GIVING_UP
}

/// How many messages were given up. What was given up before the end was reported then.
pub(crate) fn abandoned(running: &[(Running, Duration)]) -> usize {
    running.iter().map(|(core, _)| core.client.abandoned()).sum()
}

/// Why the cluster does not take what was lost, if that is the cause.
pub(crate) fn trouble(running: &[(Running, Duration)]) -> Option<String> {
    let has_lost = |core: &Running| core.client.abandoned() > 0 || core.voice.untold_failures() > 0;
    let mut losers = running.iter().map(|(core, _)| core).filter(|core| has_lost(core));
    losers.find_map(|core| core.client.trouble())
}

/// A line that counts what was lost, if anything was.
pub(crate) fn losses(
    running: &[(Running, Duration)],
    given_up: usize,
    trouble: Option<String>,
    end: &str,
) -> Option<String> {
    let untold = running.iter().map(|(core, _)| core.voice.untold_failures()).sum::<u64>();
    let lost = (abandoned(running) - given_up) as u64 + untold;
    if lost == 0 {
        return None;
    }
    let what = if lost == 1 { "message was" } else { "messages were" };
    let untold = || running.iter().find_map(|(core, _)| core.voice.first_untold());
    let why = trouble.or_else(untold).map_or(String::new(), |why| format!(": {why}"));
    Some(format!(
        "dekaf: {lost} {what} not delivered before {end}{why}; close the producer, or use it in a \
         with block, to hear of it in time\n"
    ))
}

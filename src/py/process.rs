//! How the core lives through a fork and through the interpreter's end.
//!
//! A forked child has the memory of its parent's core and none of its threads. It closes its
//! copies of the sockets without a word, forgets the rest, and builds a core of its own when
//! one is needed. At exit the main thread waits for what was handed over to be delivered, and
//! for the core's threads to end; they never touch the interpreter.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};

use super::answer::SIGNAL_CHECK;
use super::started::Running;
use super::{dispatcher, loops};
use crate::net::{Quiet, inherited_descriptors};

/// How many forks lie between this process and the one that imported the module.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Cores that may still have something to deliver, each with the time it has at exit. Taken
/// only with the interpreter held, so it is free in a forked child.
static RUNNING: Mutex<Vec<(Running, Duration)>> = Mutex::new(Vec::new());

/// Whether the end of the interpreter has come by.
static IS_OVER: AtomicBool = AtomicBool::new(false);

/// A little more than a limit: giving up is quick, but not instant.
const GIVING_UP: Duration = Duration::from_secs(1);

thread_local! {
    static AROUND_FORK: RefCell<Option<(Quiet, dispatcher::Quiet)>> =
        const { RefCell::new(None) };
}

pub(super) fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Remembers a core until it has ended.
pub(super) fn register(py: Python<'_>, core: Running, exit_timeout: Duration) -> PyResult<()> {
    {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.push((core, exit_timeout));
    }
    sweep(py);
    drain_with_multiprocessing(py)
}

/// Forgets the cores that have ended, unless somebody has yet to be told of their failures.
pub(super) fn sweep(_py: Python<'_>) {
    let is_done = |core: &Running| {
        core.client.wait_ended(Duration::ZERO) && core.voice.untold_failures() == 0
    };
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let all = std::mem::take(&mut *running);
    let (done, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(core, _)| is_done(core));
    *running = others;
    drop(running);
    // Behind the lock: the end of a user's function may run anything.
    drop(done);
}

/// Fails when the end of the interpreter has been here: nobody waits for what starts now.
pub(super) fn check_not_over() -> PyResult<()> {
    if IS_OVER.load(Ordering::Relaxed) {
        return Err(PyRuntimeError::new_err(
            "the interpreter is ending, and what is produced now would be lost; produce before \
             that, or register with atexit after importing dekaf",
        ));
    }
    Ok(())
}

/// Children of `multiprocessing` that were forked end without `atexit`, but not without their
/// own finalizers.
fn drain_with_multiprocessing(py: Python<'_>) -> PyResult<()> {
    let modules = py.import("sys")?.getattr("modules")?;
    let Ok(process) = modules.get_item("multiprocessing.process") else { return Ok(()) };
    if process.call_method0("parent_process")?.is_none() {
        return Ok(());
    }
    let options = PyDict::new(py);
    options.set_item("exitpriority", 0)?;
    let util = py.import("multiprocessing.util")?;
    util.call_method("Finalize", (py.None(), hook(py, at_exit)?), Some(&options))?;
    Ok(())
}

fn hook(
    py: Python<'_>,
    function: fn(Python<'_>) -> PyResult<()>,
) -> PyResult<Bound<'_, PyCFunction>> {
    PyCFunction::new_closure(py, None, None, move |arguments, _| function(arguments.py()))
}

/// Registers with `os` and `atexit`.
pub(super) fn install(py: Python<'_>) -> PyResult<()> {
    let before: fn(Python<'_>) -> PyResult<()> = |_| {
        before_fork();
        Ok(())
    };
    let after_in_parent: fn(Python<'_>) -> PyResult<()> = |_| {
        after_fork_in_parent();
        Ok(())
    };
    let hooks = PyDict::new(py);
    hooks.set_item("before", hook(py, before)?)?;
    hooks.set_item("after_in_parent", hook(py, after_in_parent)?)?;
    hooks.set_item("after_in_child", hook(py, after_fork_in_child)?)?;
    py.import("os")?.call_method("register_at_fork", (), Some(&hooks))?;
    py.import("atexit")?.call_method1("register", (hook(py, at_exit)?,))?;
    Ok(())
}

fn before_fork() {
    AROUND_FORK.set(Some((Quiet::wait(), dispatcher::quiet())));
}

fn after_fork_in_parent() {
    AROUND_FORK.take();
}

fn after_fork_in_child(py: Python<'_>) -> PyResult<()> {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    // Their locks may be held for ever, by threads that do not exist here.
    std::mem::forget(std::mem::take(&mut *running));
    drop(running);
    loops::forget_inherited();
    if let Some((quiet, no_dispatcher)) = AROUND_FORK.take() {
        dispatcher::forget_inherited(no_dispatcher);
        // Python's own `close`: our sockets' would speak to the runtime that stayed behind.
        let close = py.import("os")?.getattr("close")?;
        for descriptor in inherited_descriptors(quiet) {
            close.call1((descriptor,))?;
        }
    }
    Ok(())
}

/// Anything that differs between producers: they must not all choose the same partitions.
pub(super) fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

fn at_exit(py: Python<'_>) -> PyResult<()> {
    IS_OVER.store(true, Ordering::Relaxed);
    let running = std::mem::take(&mut *RUNNING.lock().unwrap_or_else(PoisonError::into_inner));
    let mut until = Instant::now();
    // What somebody gave up on purpose was reported then.
    let lost = || running.iter().map(|(core, _)| core.client.abandoned()).sum::<usize>();
    let given_up = lost();
    for (Running { client, .. }, limit) in &running {
        client.close(*limit, None);
        until = until.max(Instant::now() + *limit);
    }
    until += GIVING_UP;
    let mut interrupted = Ok(());
    for (Running { client, .. }, _) in &running {
        while !py.detach(|| client.wait_ended(SIGNAL_CHECK)) && Instant::now() < until {
            if let Err(signal) = py.check_signals() {
                interrupted = Err(signal);
                // What is left is given up, and counted.
                for (core, _) in &running {
                    core.client.close(Duration::ZERO, None);
                }
                until = until.min(Instant::now() + GIVING_UP);
            }
        }
    }
    let ended = dispatcher::end(py, until);
    let untold = running.iter().map(|(core, _)| core.voice.untold_failures()).sum::<u64>();
    let lost = (lost() - given_up) as u64 + untold;
    if lost > 0 {
        let what = if lost == 1 { "message was" } else { "messages were" };
        let line = format!(
            "dekaf: {lost} {what} not delivered before the interpreter ended; \
             close the producer, or use it in a with block, to hear why\n"
        );
        py.import("sys")?.getattr("stderr")?.call_method1("write", (line,))?;
    }
    interrupted.and(ended)
}

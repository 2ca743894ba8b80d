//! Where results land: one port for each event loop. The core pushes settled batches and writes
//! one byte; the loop, which watches the other end of the socket pair, fetches them and
//! completes its futures. However many messages a batch has, the loop is woken once.
//!
//! A loop keeps its port for as long as it watches the socket. What is settled after the loop
//! has closed is orphaned: kept until a thread that holds the interpreter comes by to drop it.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;
use pyo3::{PyTraverseError, PyVisit, intern};

use super::errors::to_python;
use super::metadata::RecordMetadata;
use super::{imported, process};
use crate::client::Mailbox;
use crate::producer::{Settled, SettledBatch};

/// A future that somebody awaits, and the port of its loop.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) future: Py<PyAny>,
    pub(super) port: Arc<Port>,
}

/// The core's end.
#[derive(Debug)]
pub(super) struct Port {
    generation: u64,
    signal: UnixStream,
    settled: Mailbox<Settled<Waiter>>,
}

/// How many futures are completed before the loop gets a turn at other things.
const WAITERS_PER_TURN: usize = 1024;

/// Ports by the address of their loop.
static PORTS: Mutex<Option<HashMap<usize, Weak<Port>>>> = Mutex::new(None);

/// Ports whose loops have closed. Like the other list, it is locked only by threads that hold
/// the interpreter, and never while anything runs that could let go of it.
static ORPHANED: Mutex<Vec<Arc<Port>>> = Mutex::new(Vec::new());
static ANY_ORPHANED: AtomicBool = AtomicBool::new(false);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Port {
    /// Hands results to the loop. Called by the core, without the interpreter.
    pub(super) fn push(&self, settled: Vec<Settled<Waiter>>) {
        if self.settled.push(settled) {
            // A full socket is one that wakes the loop anyway; a closed one has no loop.
            let _woken = (&self.signal).write(&[0]);
        }
    }
}

/// Drops what came too late for its loop, now that this thread holds the interpreter.
pub(super) fn drop_orphans(_py: Python<'_>) {
    if !ANY_ORPHANED.load(Ordering::Acquire) {
        return;
    }
    let ports = std::mem::take(&mut *lock(&ORPHANED));
    // Taken without the list's lock: a future's end may run any code.
    for port in &ports {
        drop(port.settled.drain());
    }
    let mut orphaned = lock(&ORPHANED);
    // Somebody else who holds a port is the core, and it may still push something.
    orphaned.extend(ports.into_iter().filter(|port| Arc::strong_count(port) > 1));
    ANY_ORPHANED.store(!orphaned.is_empty(), Ordering::Release);
}

/// In a forked child: ports of the parent's loops are not ours.
pub(super) fn forget_inherited() {
    *lock(&PORTS) = None;
    std::mem::forget(std::mem::take(&mut *lock(&ORPHANED)));
}

/// The loop that runs in this thread.
pub(super) fn running_loop<'py>(py: Python<'py>, call: &str) -> PyResult<Bound<'py, PyAny>> {
    static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let running = imported(&RUNNING, py, "asyncio", "_get_running_loop")?.call0()?;
    if running.is_none() {
        return Err(PyRuntimeError::new_err(format!(
            "{call}() needs a running event loop: await it in a coroutine, \
             for example under asyncio.run(main())"
        )));
    }
    Ok(running)
}

/// A new future of a loop, as something that the core can settle.
pub(super) fn waiter<'py>(running: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, Waiter)> {
    let port = port_of(running)?;
    let future = running.call_method0(intern!(running.py(), "create_future"))?;
    Ok((future.clone(), Waiter { future: future.unbind(), port }))
}

fn port_of(running: &Bound<'_, PyAny>) -> PyResult<Arc<Port>> {
    let id = running.as_ptr() as usize;
    let known = lock(&PORTS).as_ref().and_then(|ports| ports.get(&id)).and_then(Weak::upgrade);
    // A loop that has closed may have left its address to this one.
    if let Some(port) = known.filter(|port| !port.settled.is_closed()) {
        return Ok(port);
    }
    let (signal, inbox) = UnixStream::pair()?;
    signal.set_nonblocking(true)?;
    inbox.set_nonblocking(true)?;
    let descriptor = inbox.as_raw_fd();
    let port =
        Arc::new(Port { generation: process::generation(), signal, settled: Mailbox::default() });
    let watcher = Watcher { port: Some(Arc::clone(&port)), inbox };
    let watcher = Bound::new(running.py(), watcher)?;
    // From here on the loop owns the watcher, and with it the port.
    running.call_method1("add_reader", (descriptor, watcher.getattr("fetch")?))?;
    let mut ports = lock(&PORTS);
    let ports = ports.get_or_insert_default();
    ports.retain(|_, port| port.strong_count() > 0);
    ports.insert(id, Arc::downgrade(&port));
    Ok(port)
}

/// The loop's end. The loop holds it for as long as it watches the socket.
#[pyclass(frozen, module = "dekaf._core")]
struct Watcher {
    /// `None` only while it is dropped.
    port: Option<Arc<Port>>,
    inbox: UnixStream,
}

#[pymethods]
impl Watcher {
    /// Completes the futures whose results are there; the loop calls it.
    fn fetch(&self, py: Python<'_>) -> PyResult<()> {
        let Some(port) = &self.port else { return Ok(()) };
        let mut completed = 0;
        while completed < WAITERS_PER_TURN {
            let Some(settled) = port.settled.take(|| self.empty_inbox())? else { break };
            completed += complete(py, settled)?;
        }
        // The byte is still there if results are: the loop comes back by itself.
        drop_orphans(py);
        Ok(())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Some(port) = &self.port else { return Ok(()) };
        // Whoever holds the lock is using what it guards, so there is no garbage in it.
        port.settled.visit(|settled| match settled {
            Settled::Call { waiter, .. } => visit.call(&waiter.future),
            Settled::Batch(batch) => {
                batch.waiting.iter().try_for_each(|waiting| visit.call(&waiting.waiter.future))
            }
        })
    }

    fn __clear__(&self) {
        if let Some(port) = &self.port {
            drop(port.settled.drain());
        }
    }
}

impl Watcher {
    fn empty_inbox(&self) -> PyResult<()> {
        match (&self.inbox).read(&mut [0; 64]) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let Some(port) = self.port.take() else { return };
        if port.generation != process::generation() {
            // The parent's core may have held its lock at the fork, for ever here.
            std::mem::forget(port);
            return;
        }
        let orphans = port.settled.close();
        lock(&ORPHANED).push(port);
        ANY_ORPHANED.store(true, Ordering::Release);
        drop(orphans);
    }
}

/// Completes the futures of one settled batch or call, and says how many there were. If one
/// cannot be completed, because a signal's handler raises meanwhile, the others still are.
fn complete(py: Python<'_>, settled: Settled<Waiter>) -> PyResult<usize> {
    match settled {
        Settled::Call { waiter, result } => {
            match result {
                Ok(()) => set_result(py, &waiter, py.None().into_bound(py))?,
                Err(error) => set_exception(py, &waiter, &error)?,
            }
            Ok(1)
        }
        Settled::Batch(batch) => complete_batch(py, &batch),
    }
}

fn complete_batch(py: Python<'_>, batch: &SettledBatch<Waiter>) -> PyResult<usize> {
    let mut failure = None;
    match &batch.outcome {
        Ok(stored) => {
            let topic = PyString::new(py, &batch.topic);
            for waiting in &batch.waiting {
                let metadata = RecordMetadata::new(
                    topic.clone().unbind(),
                    batch.partition,
                    stored.base_offset + i64::from(waiting.index),
                    stored.log_append_time.unwrap_or(waiting.timestamp),
                );
                let set = Bound::new(py, metadata)
                    .and_then(|metadata| set_result(py, &waiting.waiter, metadata.into_any()));
                failure = failure.or(set.err());
            }
        }
        Err(error) => {
            for waiting in &batch.waiting {
                failure = failure.or(set_exception(py, &waiting.waiter, error).err());
            }
        }
    }
    failure.map_or(Ok(batch.waiting.len()), Err)
}

/// A future that was cancelled wants no result; nobody else completes ours.
fn is_pending(py: Python<'_>, waiter: &Waiter) -> PyResult<bool> {
    Ok(!waiter.future.bind(py).call_method0(intern!(py, "done"))?.is_truthy()?)
}

fn set_result(py: Python<'_>, waiter: &Waiter, result: Bound<'_, PyAny>) -> PyResult<()> {
    if is_pending(py, waiter)? {
        waiter.future.bind(py).call_method1(intern!(py, "set_result"), (result,))?;
    }
    Ok(())
}

fn set_exception(py: Python<'_>, waiter: &Waiter, error: &crate::error::Error) -> PyResult<()> {
    if is_pending(py, waiter)? {
        let exception = to_python(py, error);
        waiter.future.bind(py).call_method1(intern!(py, "set_exception"), (exception,))?;
    }
    Ok(())
}

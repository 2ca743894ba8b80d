//! The ports of event loops. A loop owns its port for as long as it watches the socket.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit, intern};

use super::callbacks::contain;
use super::{dispatcher, futures};
use crate::producer::Who;
use crate::py::base::calls::{method, method_with};
use crate::py::base::running_loop::needed;
use crate::py::waiters::port::{Address, Port, Stage};
use crate::py::waiters::signal::empty_inbox;
use crate::py::waiters::waiter::Waiter;
use crate::py::waiters::wakeups::{Wakeup, Waking};

/// The ports by the address of their loop. A process rarely has several. Locked only with the
/// interpreter held, and never while code runs that could release it.
static PORTS: Mutex<Vec<(usize, Weak<Port>)>> = Mutex::new(Vec::new());

fn ports() -> MutexGuard<'static, Vec<(usize, Weak<Port>)>> {
    PORTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Creates a future of a loop, and a waiter for it.
pub(crate) fn waiter<'py>(running: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, Waiter)> {
    let port = port_of(running)?;
    let future = futures::of_loop(running)?;
    let waiter = Awaited { future: &future, port }.into_waiter();
    Ok((future, waiter))
}

/// A future of a loop, before its waiter is created.
pub(crate) struct Awaited<'a, 'py> {
    pub(crate) future: &'a Bound<'py, PyAny>,
    pub(crate) port: Arc<Port>,
}

impl Awaited<'_, '_> {
    fn into_waiter(self) -> Waiter {
        let Self { future, port } = self;
        Waiter::Future { future: future.clone().unbind(), port: Address::of(port) }
    }
}

impl Who<Waiter> for Awaited<'_, '_> {
    fn is_next_of(&self, _waiter: &Waiter, _count: i32) -> bool {
        false
    }

    fn make(self) -> Option<Waiter> {
        Some(self.into_waiter())
    }
}

/// Returns the port of a loop that runs in this thread. Creates it if need be.
pub(crate) fn port_of(running: &Bound<'_, PyAny>) -> PyResult<Arc<Port>> {
    let id = running.as_ptr() as usize;
    let of_loop = |(of, port): &(_, Weak<_>)| if *of == id { port.upgrade() } else { None };
    let known = ports().iter().find_map(of_loop);
    // The address may have belonged to a loop that is closed. In a forked child, the port belongs
    // to the parent.
    if let Some(port) = known.filter(|port| port.is_ours() && !port.is_over()) {
        return Ok(port);
    }
    let (port, inbox) = Port::of_loop()?;
    let descriptor = inbox.as_raw_fd();
    let watcher = Bound::new(running.py(), Watcher { port: Arc::clone(&port), inbox })?;
    // The loop owns the watcher from here on, and the watcher owns the port.
    method_with(running, "add_reader", (descriptor, watcher.getattr("fetch")?))?;
    let mut ports = ports();
    ports.retain(|(of, port)| *of != id && port.strong_count() > 0);
    ports.push((id, Arc::downgrade(&port)));
    Ok(port)
}

/// The loop's end of the socket. The loop holds it for as long as it watches the socket.
#[pyclass(frozen, module = "dekaf._core")]
struct Watcher {
    port: Arc<Port>,
    inbox: UnixStream,
}

#[pymethods]
impl Watcher {
    /// Completes the waiters whose results have arrived. The loop calls it. If items are left after
    /// a turn, their byte is still in the socket, so the loop calls it again.
    fn fetch(slf: &Bound<'_, Self>) -> PyResult<()> {
        let Self { port, inbox } = slf.get();
        if !port.is_ours() {
            // A forked child that goes on with its parent's loop must leave the items to the
            // parent. It shares the epoll instance, so it cannot remove the reader for itself
            // alone.
            return Ok(());
        }
        port.turn().end();
        port.wakeups().results_came();
        let call_soon = |up_to| Self::call_soon(slf, up_to);
        let waking = Waking::new(port.wakeups(), &call_soon);
        let read = port.read(slf.py(), Stage::Loop, &waking, || empty_inbox(inbox));
        read.and(waking.ask())
    }

    /// Calls the queued callbacks of futures. The loop calls it after a turn that completed some.
    fn wake(slf: &Bound<'_, Self>, up_to: u64) -> PyResult<()> {
        let py = slf.py();
        let call = |Wakeup { future, function, context }| {
            let (function, future) = (function.bind(py), future.bind(py));
            let run = method(context.bind(py), intern!(py, "run"), [function, future]);
            run.map(drop).or_else(|error| contain(function, future, error))
        };
        slf.get().port.wakeups().call(up_to, |up_to| Self::call_soon(slf, up_to), call)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.port.traverse(&visit)
    }

    fn __clear__(&self) {
        self.port.clear();
    }
}

impl Watcher {
    /// Has the loop call [`Self::wake`]. If that fails, signals the socket: the loop then reads it,
    /// and is asked again.
    fn call_soon(slf: &Bound<'_, Self>, up_to: u64) -> PyResult<()> {
        let py = slf.py();
        let running = needed(py, "the core of produce")?;
        let up_to = up_to.into_pyobject(py)?.into_any();
        let asked = slf
            .getattr(intern!(py, "wake"))
            .and_then(|wake| method(&running, intern!(py, "call_soon"), [&wake, &up_to]));
        asked.map(drop).inspect_err(|_| slf.get().port.give_signal())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        #[expect(clippy::disallowed_methods, reason = "Python drops it, and so is attached")]
        Python::attach(|py| {
            if let Some(left) = self.port.close() {
                dispatcher::succeed(py, left);
            }
        });
    }
}

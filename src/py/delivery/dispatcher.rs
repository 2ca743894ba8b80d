//! The dispatcher: the thread that runs callbacks for callers without an event loop, and for loops
//! that have ended. There is one in a process, started when it is first needed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::wait::wait_for;
use crate::py::base::calls::{call_with, detached};
use crate::py::base::interpreter_end;
use crate::py::base::interrupts::SIGNAL_CHECK;
use crate::py::base::upcalls::upcalls;
use crate::py::waiters::answer::{Answer, Learned};
use crate::py::waiters::port::{Item, Items, Port, Stage};
use crate::py::waiters::wakeups::Waking;

/// The interval at which a sleeping thread wakes up for no reason. Any value works.
const LONG: Duration = Duration::from_secs(3600);

static DISPATCHER: Mutex<Option<Arc<Dispatcher>>> = Mutex::new(None);

/// The port of the first dispatcher, which is nearly always the only one, found without a lock.
static FIRST: OnceLock<Arc<Port>> = OnceLock::new();

/// Whether the first dispatcher has ended, or was left in the parent by a fork.
static FIRST_IS_OVER: AtomicBool = AtomicBool::new(false);

#[derive(Debug)]
struct Dispatcher {
    port: Arc<Port>,
    state: Mutex<State>,
    changed: Condvar,
    /// Set when the thread runs.
    thread: Mutex<Option<ThreadId>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Running,
    /// It finishes the queued items, and ends.
    Ending,
    Ended,
}

fn current() -> MutexGuard<'static, Option<Arc<Dispatcher>>> {
    DISPATCHER.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Dispatcher {
    fn new() -> Arc<Self> {
        let state = Mutex::new(State::Running);
        Arc::new(Self {
            port: Port::of_thread(),
            state,
            changed: Condvar::new(),
            thread: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn thread(&self) -> MutexGuard<'_, Option<ThreadId>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reach(&self, state: State) {
        let mut now = self.state();
        *now = state.max(*now);
        self.changed.notify_all();
    }

    fn wait_ended(&self, limit: Duration) -> bool {
        let running = |state: &mut State| *state != State::Ended;
        let waited = self.changed.wait_timeout_while(self.state(), limit, running);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == State::Ended
    }
}

/// Returns the dispatcher's port. Starts the thread if need be.
pub(crate) fn port(py: Python<'_>) -> PyResult<Arc<Port>> {
    if let Some(port) = FIRST.get()
        && !FIRST_IS_OVER.load(Ordering::Acquire)
    {
        return Ok(Arc::clone(port));
    }
    let dispatcher = {
        let mut current = current();
        if let Some(dispatcher) = &*current {
            return Ok(Arc::clone(&dispatcher.port));
        }
        // Nothing would end a thread that starts now.
        interpreter_end::check_not_begun()?;
        // Others may use the port before the thread runs. It reads what it finds.
        Arc::clone(current.insert(Dispatcher::new()))
    };
    match start(py, &dispatcher) {
        Ok(()) => {
            FIRST.get_or_init(|| Arc::clone(&dispatcher.port));
            Ok(Arc::clone(&dispatcher.port))
        }
        Err(error) => {
            current().take_if(|current| Arc::ptr_eq(current, &dispatcher));
            Err(error)
        }
    }
}

fn start(py: Python<'_>, dispatcher: &Arc<Dispatcher>) -> PyResult<()> {
    let reader = Bound::new(py, Reader { dispatcher: Arc::clone(dispatcher) })?;
    let arguments = (reader.getattr("serve")?, "dekaf-dispatcher");
    call_with(upcalls(py)?.start_thread.bind(py), arguments, None).map(drop)
}

/// Takes over the items of a loop that has ended, and those that will follow.
pub(crate) fn succeed(py: Python<'_>, left: Items) {
    match port(py) {
        Ok(port) => push(&port, left),
        // The interpreter ends and starts no more threads. All cores have ended before, so these
        // are callbacks of a loop that outlived them; their failures are counted already.
        Err(_) => drop(left),
    }
}

/// Pushes items to a port. If its loop has ended, the dispatcher inherits them.
pub(crate) fn push(port: &Port, items: Items) {
    let orphans = port.push(items);
    if orphans.is_empty() {
        return;
    }
    // The thread that closed the port has started the dispatcher.
    let dispatcher = current().clone();
    if let Some(dispatcher) = dispatcher {
        let left = dispatcher.port.push(orphans);
        debug_assert!(left.is_empty(), "the port of a thread is never closed");
    }
}

/// Ends the thread after the queued items. Needs no interpreter.
pub(crate) fn leave_behind() {
    // The port may hold Python objects, which cannot be dropped without the interpreter.
    std::mem::forget(leave());
}

/// Has the thread finish the queued items and end.
fn leave() -> Option<Arc<Dispatcher>> {
    let dispatcher = current().take()?;
    FIRST_IS_OVER.store(true, Ordering::Release);
    dispatcher.reach(State::Ending);
    dispatcher.port.give_signal();
    Some(dispatcher)
}

/// Has the thread finish the queued items, and waits for it until `until`. Runs what is left on
/// this thread.
pub(crate) fn end(py: Python<'_>, until: Instant) -> PyResult<()> {
    let Some(dispatcher) = leave() else { return Ok(()) };
    while !detached(py, || dispatcher.wait_ended(SIGNAL_CHECK)) {
        py.check_signals()?;
        if Instant::now() >= until {
            // Out of time. The thread goes on until the interpreter ends, and then hangs.
            return Ok(());
        }
    }
    while dispatcher.port.read_in_thread(py, || Ok::<_, PyErr>(()))? > 0 {}
    Ok(())
}

/// Waits until the dispatcher has run the items that are queued now, at most until `until`. Returns
/// at once on the dispatcher's own thread, which is running one of them.
pub(crate) fn catch_up(py: Python<'_>, until: Instant) -> PyResult<()> {
    let Some(dispatcher) = current().clone() else { return Ok(()) };
    if *dispatcher.thread() == Some(std::thread::current().id()) {
        return Ok(());
    }
    let answer = Arc::new(Answer::default());
    push(&dispatcher.port, vec![Box::new(Fence(Arc::clone(&answer)))]);
    let limit = until.saturating_duration_since(Instant::now());
    wait_for(py, &answer, Some(limit), || Ok(())).map(drop)
}

/// Wakes a thread when the items before this one are done.
#[derive(Debug)]
struct Fence(Arc<Answer>);

impl Item for Fence {
    fn run(self: Box<Self>, _py: Python<'_>, _: Stage, _: &Waking<'_>) -> PyResult<usize> {
        self.0.fill(Ok(Learned::Done));
        Ok(1)
    }

    fn orphan(self: Box<Self>) -> Box<dyn Item> {
        self
    }
}

/// Held around a fork: core threads take this lock too. If one held it at the fork, it would stay
/// locked in the child for ever.
#[derive(Debug)]
pub(crate) struct DispatcherGuard(MutexGuard<'static, Option<Arc<Dispatcher>>>);

impl DispatcherGuard {
    pub(crate) fn lock() -> Self {
        Self(current())
    }

    /// Forgets the dispatcher in a forked child, where its thread does not exist.
    pub(crate) fn forget_inherited(mut self) {
        if let Some(dispatcher) = self.0.take() {
            FIRST_IS_OVER.store(true, Ordering::Release);
            std::mem::forget(dispatcher);
        }
    }
}

/// The body of the thread.
#[pyclass(frozen, module = "dekaf._core")]
struct Reader {
    dispatcher: Arc<Dispatcher>,
}

#[pymethods]
impl Reader {
    /// Runs items until the dispatcher ends. Returns whether this is a forked child now: a callback
    /// has forked, and the child ends with this thread. Everything else belongs to the parent.
    fn serve(&self, py: Python<'_>) -> bool {
        let port = &self.dispatcher.port;
        *self.dispatcher.thread() = Some(std::thread::current().id());
        loop {
            let is_ending = *self.dispatcher.state() != State::Running;
            let quiet = || {
                port.lower_flag();
                Ok::<_, PyErr>(())
            };
            let done = port.read_in_thread(py, quiet);
            let is_child = !port.is_ours();
            match done {
                Ok(_) if is_child => return true,
                Ok(0) if is_ending => break,
                Ok(0) => detached(py, || port.wait(LONG)),
                Ok(_) => {}
                // Exceptions of callbacks never arrive here: see `callbacks::settle`. In a forked
                // child, `SystemExit` ends the process.
                Err(error) if is_child && error.is_instance_of::<PySystemExit>(py) => return true,
                Err(error) => error.write_unraisable(py, None),
            }
            if is_child {
                return true;
            }
        }
        self.dispatcher.reach(State::Ended);
        false
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.dispatcher.port.traverse(&visit)
    }
}

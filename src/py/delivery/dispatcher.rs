//! The thread that runs callbacks where no event loop does, or where it has ended. One for the
//! process, started when it is first needed, asleep without the interpreter otherwise.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use crate::py::base::calls::{detached, import, method_with};
use crate::py::lifecycle::process;
use crate::py::waiters::answer::Answer;
use crate::py::waiters::port::{Item, Port};

/// Sleeps are endless but for this: nothing depends on it.
const LONG: Duration = Duration::from_secs(3600);

static DISPATCHER: Mutex<Option<Arc<Dispatcher>>> = Mutex::new(None);

/// The port of the first, which is nearly always the only one, to be found without a lock.
static FIRST: OnceLock<Arc<Port>> = OnceLock::new();

/// Whether the first one has ended, or stayed behind at a fork.
static FIRST_IS_OVER: AtomicBool = AtomicBool::new(false);

#[derive(Debug)]
struct Dispatcher {
    port: Arc<Port>,
    state: Mutex<State>,
    changed: Condvar,
    /// Which thread it is, once it runs.
    thread: Mutex<Option<ThreadId>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Running,
    /// It is to do what is there, and end.
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

/// The dispatcher's port. Its thread is started if need be.
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
        // Nobody would end another one.
        process::check_not_over()?;
        // Others may use the port before the thread is there: it reads what it finds.
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
    method_with(&import(py, "dekaf._process")?, "start_thread", arguments).map(drop)
}

/// Takes over what a loop that has ended leaves behind, and what will still come for it.
pub(crate) fn succeed(py: Python<'_>, left: Vec<Item>) {
    match port(py) {
        Ok(port) => port.push(left),
        // The interpreter ends and starts no more threads. Every core has ended before that, so
        // these are callbacks of a loop that outlived them all; their failures are written down.
        Err(_) => drop(left),
    }
}

/// The same, from the core's threads. Whoever ended the loop has started the dispatcher.
pub(crate) fn inherit(left: Vec<Item>) {
    let dispatcher = current().clone();
    if let Some(dispatcher) = dispatcher {
        dispatcher.port.push(left);
    }
}

/// Has the thread finish what there is, and end, without the interpreter.
pub(crate) fn leave_behind() {
    // Its port may hold objects of Python's, which may not be dropped here.
    std::mem::forget(leave());
}

/// Has the thread finish what there is, and end.
fn leave() -> Option<Arc<Dispatcher>> {
    let dispatcher = current().take()?;
    FIRST_IS_OVER.store(true, Ordering::Release);
    dispatcher.reach(State::Ending);
    dispatcher.port.give_signal();
    Some(dispatcher)
}

/// Has the thread finish what there is, and waits for it, at most until then. Afterwards the
/// main thread does what is still left.
pub(crate) fn end(py: Python<'_>, until: Instant) -> PyResult<()> {
    let Some(dispatcher) = leave() else { return Ok(()) };
    while !detached(py, || dispatcher.wait_ended(crate::py::waiters::answer::SIGNAL_CHECK)) {
        py.check_signals()?;
        if Instant::now() >= until {
            // More than there is time for: the thread goes on until Python ends it, and then hangs.
            return Ok(());
        }
    }
    while dispatcher.port.read_in_thread(py, || Ok::<_, PyErr>(()))? > 0 {}
    Ok(())
}

/// Waits until everything is done that the dispatcher has been given so far, until then at the
/// latest. The dispatcher itself does not wait: it is busy with one of these things.
pub(crate) fn catch_up(py: Python<'_>, until: Instant) -> PyResult<()> {
    let Some(dispatcher) = current().clone() else { return Ok(()) };
    if *dispatcher.thread() == Some(std::thread::current().id()) {
        return Ok(());
    }
    let answer = Arc::new(Answer::default());
    dispatcher.port.push(vec![Item::Fence(Arc::clone(&answer))]);
    let limit = until.saturating_duration_since(Instant::now());
    answer.wait(py, Some(limit), || Ok(())).map(drop)
}

/// Held around a fork: the core's threads take this lock, too, and one that held it at that moment
/// would hold it for ever in the child.
#[derive(Debug)]
pub(crate) struct DispatcherGuard(MutexGuard<'static, Option<Arc<Dispatcher>>>);

impl DispatcherGuard {
    pub(crate) fn lock() -> Self {
        Self(current())
    }

    /// In a forked child: the thread stayed behind.
    pub(crate) fn forget_inherited(mut self) {
        if let Some(dispatcher) = self.0.take() {
            FIRST_IS_OVER.store(true, Ordering::Release);
            std::mem::forget(dispatcher);
        }
    }
}

/// What the thread runs.
#[pyclass(frozen, module = "dekaf._core")]
struct Reader {
    dispatcher: Arc<Dispatcher>,
}

#[pymethods]
impl Reader {
    fn serve(&self, py: Python<'_>) {
        let port = &self.dispatcher.port;
        *self.dispatcher.thread() = Some(std::thread::current().id());
        loop {
            let is_ending = *self.dispatcher.state() != State::Running;
            let quiet = || {
                port.lower_flag();
                Ok::<_, PyErr>(())
            };
            let done = port.read_in_thread(py, quiet);
            if !port.is_ours() {
                return end_child(py, done);
            }
            match done {
                Ok(0) if is_ending => break,
                Ok(0) => detached(py, || port.wait(LONG)),
                Ok(_) => {}
                // Nothing that a callback raises comes here: see `callbacks::settle`.
                Err(error) => error.write_unraisable(py, None),
            }
        }
        self.dispatcher.reach(State::Ended);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.dispatcher.port.traverse(&visit)
    }
}

/// A callback has forked, and this is the child, which ends with this thread. Python has no `atexit`
/// there, so it delivers here what it has produced. Everything else is the parent's.
fn end_child(py: Python<'_>, done: PyResult<usize>) {
    let errors = [done.map(drop), process::at_exit(py)].into_iter().filter_map(Result::err);
    // To raise it is how one ends, here as in any thread.
    for error in errors.filter(|error| !error.is_instance_of::<PySystemExit>(py)) {
        error.write_unraisable(py, None);
    }
}

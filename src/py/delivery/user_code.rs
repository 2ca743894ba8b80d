//! The user's functions of one producer: `on_error`, the partitioner, and providers of secrets; and
//! the failures that no caller receives.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::callbacks;
use super::provide::provide;
use crate::client::{Client, Unclaimed};
use crate::error::{Error, ErrorKind};
use crate::net::ProgramRequest;
use crate::producer::Notice;
use crate::py::base::errors::to_python;
use crate::py::base::generation::Generation;
use crate::py::base::interpreter_end;
use crate::py::input::partitioner::choose;
use crate::py::input::providers::Providers;
use crate::py::input::settings::Settings;
use crate::py::waiters::port::Stage;
use crate::py::waiters::waiter::Waiter;

#[derive(Debug)]
pub(crate) struct UserCode {
    generation: Generation,
    /// Dropped when the producer is closed: a user's function may refer to the producer.
    functions: Mutex<Functions>,
    client: OnceLock<Client<Waiter>>,
    unclaimed: Unclaimed,
    /// Whether a reader has been asked to call [`Self::place_records`], and has not begun.
    is_placing: AtomicBool,
}

#[derive(Debug, Default)]
struct Functions {
    on_error: Option<Py<PyAny>>,
    partitioner: Option<Py<PyAny>>,
    providers: Providers,
}

impl UserCode {
    pub(crate) fn new(settings: &Settings, py: Python<'_>) -> Self {
        let on_error = settings.on_error.as_ref().map(|function| function.clone_ref(py));
        let partitioner = settings.partitioner.as_ref().map(|function| function.clone_ref(py));
        Self {
            generation: Generation::current(),
            functions: Mutex::new(Functions {
                on_error,
                partitioner,
                providers: settings.providers.clone_ref(py),
            }),
            client: OnceLock::new(),
            unclaimed: Unclaimed::default(),
            is_placing: AtomicBool::new(false),
        }
    }

    /// Identifies the producer whose callbacks made a coroutine.
    pub(crate) fn id(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// Whether its core runs in this process. Must be checked after any code of the user's, which
    /// may have forked.
    pub(crate) fn is_ours(&self) -> bool {
        self.generation.is_current()
    }

    /// Gives it the producer's client, before anything is handed over.
    pub(crate) fn belongs_to(&self, client: Client<Waiter>) {
        let _twice = self.client.set(client);
    }

    pub(crate) fn unclaimed(&self) -> &Unclaimed {
        &self.unclaimed
    }

    /// Reports failures to the log and to `on_error`. They are in [`Self::unclaimed`] already.
    pub(crate) fn report(
        &self,
        py: Python<'_>,
        stage: Stage,
        error: &Error,
        count: usize,
    ) -> PyResult<()> {
        // Messages that are given up at exit are counted in a line of their own.
        let is_at_exit = interpreter_end::has_begun() && error.kind() == ErrorKind::Closed;
        if !is_at_exit && let Some(failures) = self.unclaimed.take_line(Instant::now()) {
            callbacks::log_unclaimed(py, failures, error)?;
        }
        let Some(on_error) = self.function(py, |functions| functions.on_error.as_ref()) else {
            return Ok(());
        };
        let mut failure = None;
        for _ in 0..count {
            // A logger or `on_error` may fork. The remaining calls are the parent's.
            if !self.is_ours() {
                break;
            }
            let exception = to_python(py, error).into_value(py).into_bound(py).into_any();
            let called = callbacks::call_on_error(stage, self.id(), &on_error, exception);
            failure = failure.or(called.err());
        }
        failure.map_or(Ok(()), Err)
    }

    /// Writes a notice of the core into the log.
    pub(crate) fn log(&self, py: Python<'_>, notice: &Notice) -> PyResult<()> {
        callbacks::log_notice(py, notice)?;
        if !self.is_ours() {
            return Ok(());
        }
        // Logging may have been configured since the last notice.
        if let Some(client) = self.client.get() {
            client.set_verbose(callbacks::is_verbose(py)?);
        }
        Ok(())
    }

    /// Returns one of the functions. No Python code runs under the lock.
    fn function<'py>(
        &self,
        py: Python<'py>,
        which: impl Fn(&Functions) -> Option<&Py<PyAny>>,
    ) -> Option<Bound<'py, PyAny>> {
        let functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        which(&functions).map(|function| function.bind(py).clone())
    }

    /// Shows the functions to the garbage collector. Only the producer's own object calls this.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // A thread that holds the lock also holds the interpreter, as the collector does now.
        let Ok(functions) = self.functions.try_lock() else { return Ok(()) };
        let Functions { on_error, partitioner, providers } = &*functions;
        let functions = [on_error, partitioner].into_iter().chain(providers.all());
        functions.flatten().try_for_each(|function| visit.call(function))
    }

    /// Drops the functions. Called with the interpreter held.
    pub(crate) fn drop_functions(&self) {
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = std::mem::take(&mut *functions);
        drop(functions);
        // After the lock is released: a destructor may run any code.
        drop(dropped);
    }

    /// Has the user's code provide a secret for a connection. `KeyboardInterrupt` and `SystemExit`
    /// are returned, after the connection has failed.
    pub(crate) fn provide(&self, py: Python<'_>, request: ProgramRequest) -> PyResult<()> {
        let provider = self.function(py, |functions| functions.providers.of(&request));
        provide(py, provider.as_ref(), request, || self.is_ours())
    }

    /// Whether a reader must be asked to call [`Self::place_records`]. `false` if one was asked and
    /// has not begun.
    pub(crate) fn must_ask_to_place(&self) -> bool {
        !self.is_placing.swap(true, Ordering::AcqRel)
    }

    /// Asks the partitioner about the records that wait for it. Returns whether there were any.
    /// `KeyboardInterrupt` and `SystemExit` are returned, after their record has failed.
    pub(crate) fn place_records(&self, py: Python<'_>) -> PyResult<bool> {
        let partitioner = self.function(py, |functions| functions.partitioner.as_ref());
        let Some(client) = self.client.get() else { return Ok(false) };
        // Cleared first: a record that arrives after the last check below asks again.
        self.is_placing.store(false, Ordering::Release);
        let mut any = false;
        while let Some(asked) = client.next_to_place() {
            any = true;
            let Some(partitioner) = &partitioner else {
                let gone = "it was dropped together with the producer";
                client.place(asked.ticket, Err(gone.to_owned()));
                continue;
            };
            let chosen = choose(partitioner, asked.key.as_deref(), asked.partitions);
            if !self.is_ours() {
                return chosen.and_then(|_| self.generation.check()).map(|()| any);
            }
            client.place(asked.ticket, chosen.as_ref().map_err(ToString::to_string).copied());
            if let Err(error) = chosen
                && !error.is_instance_of::<PyException>(py)
            {
                return Err(error);
            }
        }
        Ok(any)
    }
}

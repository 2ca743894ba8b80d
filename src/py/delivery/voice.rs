//! What a producer says of its own accord: failures that nobody claims, and questions to the
//! caller's partitioner.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::callbacks;
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::net::ProgramRequest;
use crate::producer::Notice;
use crate::py::base::errors::to_python;
use crate::py::input::providers::{self, Providers};
use crate::py::input::settings::Settings;
use crate::py::lifecycle::process;
use crate::py::waiters::waiter::{Stage, Waiter};

/// How many failures are remembered, of those that nobody claims.
const REMEMBERED: usize = 100;

/// A line in the log at most as often.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// One producer's.
#[derive(Debug)]
pub(crate) struct Voice {
    generation: u64,
    /// Until it is closed: a user's function may lead back to the producer.
    functions: Mutex<Functions>,
    client: OnceLock<Client<Waiter>>,
    ledger: Mutex<Ledger>,
    /// Whether somebody is on his way to ask the partitioner.
    is_asking: AtomicBool,
}

#[derive(Debug, Default)]
struct Functions {
    on_error: Option<Py<PyAny>>,
    partitioner: Option<Py<PyAny>>,
    providers: Providers,
}

#[derive(Debug, Default)]
struct Ledger {
    untold: u64,
    /// Those of them that were not given up at a close.
    untold_failures: u64,
    first: Vec<Error>,
    ever: u64,
    /// Since the last line in the log.
    unlogged: u64,
    logged_at: Option<Instant>,
}

impl Voice {
    pub(crate) fn new(settings: &Settings, py: Python<'_>) -> Self {
        let on_error = settings.on_error.as_ref().map(|function| function.clone_ref(py));
        let partitioner = settings.partitioner.as_ref().map(|function| function.clone_ref(py));
        Self {
            generation: process::generation(),
            functions: Mutex::new(Functions {
                on_error,
                partitioner,
                providers: settings.providers.clone_ref(py),
            }),
            client: OnceLock::new(),
            ledger: Mutex::default(),
            is_asking: AtomicBool::new(false),
        }
    }

    /// Whose coroutines these are, for who waits for them.
    pub(crate) fn id(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    /// Whether its core runs in this process, and not in the parent. To be asked after any code of
    /// the user's, which may have forked.
    pub(crate) fn is_ours(&self) -> bool {
        self.generation == process::generation()
    }

    /// Gives it the core that it speaks for, before anything is handed over.
    pub(crate) fn belongs_to(&self, client: Client<Waiter>) {
        let _twice = self.client.set(client);
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes failures down that nobody claims. Called with or without the interpreter.
    pub(crate) fn unclaimed(&self, error: &Error, count: usize) {
        if error.kind() == ErrorKind::Purged {
            // Whoever purges knows.
            return;
        }
        let mut ledger = self.ledger();
        ledger.untold += count as u64;
        if error.kind() != ErrorKind::Closed {
            ledger.untold_failures += count as u64;
        }
        ledger.ever += count as u64;
        ledger.unlogged += count as u64;
        let room = REMEMBERED.saturating_sub(ledger.first.len());
        ledger.first.extend(std::iter::repeat_n(error.clone(), count.min(room)));
    }

    /// How many there were, ever.
    pub(crate) fn ever_unclaimed(&self) -> u64 {
        self.ledger().ever
    }

    /// How many failed that no flush has told, but for those that were given up: the core counts
    /// these itself.
    pub(crate) fn untold_failures(&self) -> u64 {
        self.ledger().untold_failures
    }

    /// The first failure that no flush has told.
    pub(crate) fn first_untold(&self) -> Option<String> {
        self.ledger().first.first().map(ToString::to_string)
    }

    /// Those that no flush has told yet: how many, and the first of them.
    pub(crate) fn take_unclaimed(&self) -> (u64, Vec<Error>) {
        let mut ledger = self.ledger();
        ledger.untold_failures = 0;
        (std::mem::take(&mut ledger.untold), std::mem::take(&mut ledger.first))
    }

    /// Says in the log and to `on_error` what was written down.
    pub(crate) fn report(
        &self,
        py: Python<'_>,
        stage: Stage,
        error: &Error,
        count: usize,
    ) -> PyResult<()> {
        // What is given up at the exit is counted in a line of its own.
        let is_at_exit = process::is_over() && error.kind() == ErrorKind::Closed;
        if !is_at_exit && let Some(failures) = self.line_is_due() {
            callbacks::log_unclaimed(py, failures, error)?;
        }
        let Some(on_error) = self.function(py, |functions| functions.on_error.as_ref()) else {
            return Ok(());
        };
        let mut failure = None;
        for _ in 0..count {
            // What a logger or `on_error` does may fork: the rest is the parent's.
            if !self.is_ours() {
                break;
            }
            let exception = to_python(py, error).into_value(py).into_bound(py).into_any();
            failure = failure.or(callbacks::call_plain(stage, self, &on_error, exception).err());
        }
        failure.map_or(Ok(()), Err)
    }

    /// Says in the log what the core has to say of the cluster.
    pub(crate) fn note(&self, py: Python<'_>, notice: &Notice) -> PyResult<()> {
        callbacks::log_notice(py, notice)?;
        if !self.is_ours() {
            return Ok(());
        }
        // Who configures logging later is heard from the next line on.
        if let Some(client) = self.client.get() {
            client.set_verbose(callbacks::is_verbose(py)?);
        }
        Ok(())
    }

    fn line_is_due(&self) -> Option<u64> {
        let now = Instant::now();
        let mut ledger = self.ledger();
        let is_due = ledger.logged_at.is_none_or(|at| now - at >= BETWEEN_LINES);
        if !is_due || ledger.unlogged == 0 {
            return None;
        }
        ledger.logged_at = Some(now);
        Some(std::mem::take(&mut ledger.unlogged))
    }

    /// One of the user's functions. Nothing runs while it is looked up.
    fn function<'py>(
        &self,
        py: Python<'py>,
        which: impl Fn(&Functions) -> Option<&Py<PyAny>>,
    ) -> Option<Bound<'py, PyAny>> {
        let functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        which(&functions).map(|function| function.bind(py).clone())
    }

    /// The user's functions, for the collector: only the producer's own object shows them.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Whoever has it locked holds the interpreter, and so does the collector.
        let Ok(functions) = self.functions.try_lock() else { return Ok(()) };
        let Functions { on_error, partitioner, providers } = &*functions;
        let functions = [on_error, partitioner].into_iter().chain(providers.all());
        functions.flatten().try_for_each(|function| visit.call(function))
    }

    /// Drops the user's functions: there is nothing left to tell or to ask. Called with the
    /// interpreter held.
    pub(crate) fn let_go(&self) {
        let mut functions = self.functions.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = std::mem::take(&mut *functions);
        drop(functions);
        // Behind the lock: their end may run anything.
        drop(gone);
    }

    /// Has the user's code provide a password or a token, for a connection. What is meant to end the
    /// program goes on, when the connection has failed of it.
    pub(crate) fn provide(&self, py: Python<'_>, request: ProgramRequest) -> PyResult<()> {
        let provider = self.function(py, |functions| functions.providers.of(&request));
        providers::provide(py, provider.as_ref(), request, || self.is_ours())
    }

    /// Whether somebody is to be sent to [`Self::place_records`]: nobody is on his way yet.
    pub(crate) fn asks_where(&self) -> bool {
        !self.is_asking.swap(true, Ordering::AcqRel)
    }

    /// Asks the caller's partitioner about the records that wait for it; says whether there were
    /// any. What is meant to end the program goes on, when its record has failed of it.
    pub(crate) fn place_records(&self, py: Python<'_>) -> PyResult<bool> {
        let partitioner = self.function(py, |functions| functions.partitioner.as_ref());
        let Some(client) = self.client.get() else { return Ok(false) };
        // What comes after the last look is asked about again.
        self.is_asking.store(false, Ordering::Release);
        let mut any = false;
        while let Some(asked) = client.next_to_place() {
            any = true;
            let Some(partitioner) = &partitioner else {
                let gone = "it was dropped together with the producer";
                client.place(asked.ticket, Err(gone.to_owned()));
                continue;
            };
            let said = callbacks::choose(partitioner, asked.key.as_deref(), asked.partitions);
            if !self.is_ours() {
                return said.and_then(|_| process::check_not_forked(self.generation)).map(|()| any);
            }
            let told = said.as_ref().map_err(ToString::to_string).copied();
            client.place(asked.ticket, told);
            if let Err(error) = said
                && !error.is_instance_of::<PyException>(py)
            {
                return Err(error);
            }
        }
        Ok(any)
    }
}

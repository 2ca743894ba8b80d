//! The base class of both producers: settings, the running core, `send`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyGenericAlias, PyType};
use pyo3::{PyTraverseError, PyVisit};

use super::room::wait_if_full;
use crate::client::{Client, Handed};
use crate::error::{Error, ErrorKind};
use crate::producer::Haste;
use crate::py::base::clock::now_ms;
use crate::py::base::errors::to_python;
use crate::py::base::generation::Generation;
use crate::py::base::objects::generic_alias;
use crate::py::base::seed::seed;
use crate::py::base::{interpreter_end, running_loop};
use crate::py::delivery::on_delivery::{Named, named};
use crate::py::delivery::outlet::Outlet;
use crate::py::delivery::user_code::UserCode;
use crate::py::delivery::{callbacks, dispatcher, loops};
use crate::py::input::parts::{Argument, Extras};
use crate::py::input::ready::Ready;
use crate::py::input::settings::Settings;
use crate::py::input::{borrowed, parts};
use crate::py::lifecycle::process;
use crate::py::lifecycle::started::{Running, Started};
use crate::py::waiters::port::Address;
use crate::py::waiters::waiter::Waiter;

/// The base class of both producers. It starts nothing before it is used.
#[pyclass(frozen, subclass, module = "dekaf._core")]
pub(crate) struct ProducerCore {
    /// The configuration that the settings come from.
    #[pyo3(get)]
    config: Py<PyAny>,
    pub(crate) settings: Settings,
    started: Started,
}

impl ProducerCore {
    /// Returns the running core. Starts it if need be.
    pub(crate) fn running(&self, py: Python<'_>) -> PyResult<Running> {
        self.check_open(py)?;
        if let Some(running) = self.started() {
            return Ok(running);
        }
        let generation = Generation::current();
        interpreter_end::check_not_begun()?;
        // This may start a thread, so it comes before the lock: other threads must not wait for it.
        let home = match running_loop::running(py)? {
            Some(running) => loops::port_of(&running)?,
            None => dispatcher::port(py)?,
        };
        let user_code = Arc::new(UserCode::new(&self.settings, py));
        let mut asked =
            self.settings.providers.all().into_iter().chain([&self.settings.partitioner]);
        // The dispatcher calls these functions, not the loop: a call that waits for them may block
        // the loop.
        let asks = if asked.any(Option::is_some) {
            Some(Address::of(dispatcher::port(py)?))
        } else {
            None
        };
        let outlet = Outlet {
            user_code: Arc::clone(&user_code),
            home: Address::of(home),
            asks,
            is_token_of_loop: self.settings.providers.is_token_of_loop,
        };
        let started = self.started.start(outlet, |outlet| {
            let client = Client::start(self.settings.config.clone(), seed(), outlet)?;
            user_code.belongs_to(client.clone());
            Ok::<_, std::io::Error>(Running { client, user_code })
        });
        match started {
            Ok(running) => {
                let running = running.map_err(|error| not_started(&error))?;
                process::register(py, running.clone(), self.settings.exit_timeout)?;
                let is_verbose = callbacks::is_verbose(py)?;
                generation.check()?;
                running.client.set_verbose(is_verbose);
                Ok(running)
            }
            // Another thread has started the core.
            Err(outlet) => {
                drop(outlet);
                self.running(py)
            }
        }
    }

    /// Fails if the producer is closed.
    fn check_open(&self, py: Python<'_>) -> PyResult<()> {
        if self.started.is_closed() { Err(closed(py)) } else { Ok(()) }
    }

    /// Returns the core if it was started in this process.
    pub(crate) fn started(&self) -> Option<Running> {
        self.started.get()
    }

    /// Calls `what` with the running core. Usually it is running, and not even its handles are
    /// cloned.
    pub(crate) fn with_running<T>(
        &self,
        py: Python<'_>,
        what: impl FnOnce(&Running) -> PyResult<T>,
    ) -> PyResult<T> {
        match self.started.at_hand() {
            Some(running) => what(running),
            None => what(&self.running(py)?),
        }
    }

    /// Closes the producer. Returns its core, if it was started.
    pub(crate) fn shut(&self) -> Option<Running> {
        self.started.shut()
    }

    /// How long a close may take.
    pub(crate) fn closing_limit(&self, timeout: Option<f64>) -> PyResult<Duration> {
        match timeout {
            // Every message is settled by then.
            None => Ok(self.settings.config.delivery_timeout + Duration::from_secs(1)),
            Some(seconds) => seconds_of(seconds),
        }
    }

    /// The deadline of a flush for callbacks, once all messages are settled. Without a limit it is
    /// `exit_timeout_ms`: a callback may wait for a lock that the flushing thread holds.
    pub(crate) fn callbacks_until(&self, limit: Option<Instant>) -> Instant {
        limit.unwrap_or_else(|| Instant::now() + self.settings.exit_timeout)
    }

    /// Hands one message over, and waits for room if there is none.
    pub(crate) fn send_ready(
        &self,
        py: Python<'_>,
        ready: &Ready<'_>,
        on_delivery: Argument<'_, '_>,
    ) -> PyResult<()> {
        self.send_by(py, on_delivery, |client, named| {
            ready.hand_over(&self.settings, client, named, Haste::Lingers)
        })
    }

    fn send_by(
        &self,
        py: Python<'_>,
        callback: Argument<'_, '_>,
        hand_over: impl FnOnce(&Client<Waiter>, Option<Named>) -> PyResult<Handed>,
    ) -> PyResult<()> {
        if callback.is_some() {
            // A callback may start the dispatcher, which a closed producer must not do.
            self.check_open(py)?;
        }
        let named = callback.map(named).transpose()?;
        self.with_running(py, |running| {
            let handed = hand_over(&running.client, named)?;
            wait_if_full(py, &self.settings, running, &handed)
        })
    }
}

#[pymethods]
impl ProducerCore {
    #[new]
    pub(crate) fn new(config: Py<PyAny>, settings: &Bound<'_, PyAny>) -> PyResult<Self> {
        let settings = Settings::new(settings)?;
        Ok(Self { config, settings, started: Started::default() })
    }

    /// Hand one message over and return at once. `on_delivery(metadata, error)` is called once,
    /// when the message is delivered or has failed; exactly one of them is `None`.
    #[pyo3(
        signature = (
            topic, value=None, misplaced=None, *,
            key=None, headers=None, partition=None, timestamp=None, on_delivery=None,
        ),
        text_signature = "($self, topic, value=None, *, key=None, headers=None, partition=None, timestamp=None, on_delivery=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "a message's parts, by keyword")]
    fn send<'py>(
        &self,
        py: Python<'py>,
        topic: &Bound<'py, PyAny>,
        value: Option<&Bound<'py, PyAny>>,
        misplaced: Option<&Bound<'py, PyAny>>,
        key: Option<&Bound<'py, PyAny>>,
        headers: Option<&Bound<'py, PyAny>>,
        partition: Option<&Bound<'py, PyAny>>,
        timestamp: Option<&Bound<'py, PyAny>>,
        on_delivery: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let extras = Extras { misplaced, key, headers, partition, timestamp };
        // By reference: a move costs as much as reading the clock.
        if let Some(message) = &borrowed::of_call(&self.settings, topic, value, extras) {
            return self.send_by(py, on_delivery, |client, named| {
                message.hand_over(py, client, named, Haste::Lingers)
            });
        }
        let parts = parts::of_call("send", topic, value, extras)?;
        let ready = parts.ready("send", &self.settings.serializers, now_ms())?;
        self.send_ready(py, &ready, on_delivery)
    }

    /// The number of messages that are neither delivered nor failed.
    fn __len__(&self) -> usize {
        self.started().map_or(0, |running| running.client.unsettled())
    }

    /// True, so that a producer without messages is not falsy.
    #[expect(clippy::unused_self, reason = "Python passes it")]
    fn __bool__(&self) -> bool {
        true
    }

    /// Whether the producer is closed.
    #[getter]
    fn closed(&self) -> bool {
        self.started.is_closed()
    }

    #[classmethod]
    fn __class_getitem__<'py>(
        class: &Bound<'py, PyType>,
        item: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyGenericAlias>> {
        generic_alias(class, item)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.config)?;
        self.settings.traverse(&visit)?;
        self.started.at_hand().map_or(Ok(()), |running| running.user_code.traverse(&visit))
    }

    /// The producer is garbage, and so may be its functions. Messages are still delivered, without
    /// the functions: a record that waits for the partitioner fails.
    fn __clear__(&self) {
        if let Some(running) = self.started.at_hand() {
            running.user_code.drop_functions();
        }
    }
}

impl Drop for ProducerCore {
    fn drop(&mut self) {
        // What was handed over is still delivered: the core goes on, and the end of the interpreter
        // waits for it.
        let exit_timeout = self.settings.exit_timeout;
        let delivery_timeout = self.settings.config.delivery_timeout;
        if let Some(running) = self.started() {
            running.client.close(exit_timeout.max(delivery_timeout), None);
        }
    }
}

/// The system has no thread or file descriptor left.
fn not_started(error: &std::io::Error) -> PyErr {
    let message = format!(
        "dekaf cannot start: {error}; it needs two threads and a few file descriptors: see the \
         limits of the process (ulimit -u, ulimit -n) and of its container"
    );
    PyOSError::new_err((error.raw_os_error(), message))
}

pub(crate) fn closed(py: Python<'_>) -> PyErr {
    let error = "the producer is closed; create another one";
    to_python(py, &Error::new(ErrorKind::Closed, error))
}

/// Checks a time limit in seconds.
pub(crate) fn seconds_of(seconds: f64) -> PyResult<Duration> {
    // No clock reaches further. `f64::min` would turn NaN into the longest limit.
    let longest = f64::from(u32::MAX);
    let bounded = if seconds > longest { longest } else { seconds };
    Duration::try_from_secs_f64(bounded).map_err(|_| {
        let message = format!("timeout={seconds} is out of range: 0 or more seconds");
        PyValueError::new_err(message)
    })
}

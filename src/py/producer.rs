//! The class behind `dekaf.Producer`: arguments in, futures out.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use super::convert::{self, Headers, Payload};
use super::errors::to_python;
use super::port::{Waiter, drop_orphans, running_loop, waiter};
use super::process;
use super::settings::Settings;
use super::sink::Ports;
use crate::client::Client;
use crate::config::Config;
use crate::error::{Error, ErrorKind};
use crate::record::Record;

/// The core of a producer. Nothing is started before it is used.
#[pyclass(frozen, subclass, module = "dekaf._core")]
pub(super) struct ProducerCore {
    config: Config,
    exit_timeout: Duration,
    /// Locked only with the interpreter held, and never while waiting for anything.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The process that `client` belongs to.
    generation: u64,
    client: Option<Client<Waiter>>,
    closed: bool,
}

impl ProducerCore {
    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.generation != process::generation() {
            // The parent's: not to be touched, not even to be dropped.
            std::mem::forget(state.client.take());
            state.generation = process::generation();
        }
        state
    }

    /// The running core, started if need be.
    fn client(&self, py: Python<'_>) -> PyResult<Client<Waiter>> {
        let mut state = self.state();
        if state.closed {
            return Err(closed(py));
        }
        if let Some(client) = &state.client {
            return Ok(client.clone());
        }
        let client = Client::start(self.config.clone(), seed(), Ports)?;
        process::register(py, client.clone(), self.exit_timeout)?;
        state.client = Some(client.clone());
        Ok(client)
    }
}

#[pymethods]
impl ProducerCore {
    #[new]
    #[pyo3(signature = (config, *, first_sequence=0))]
    fn new(config: &Bound<'_, PyAny>, first_sequence: i32) -> PyResult<Self> {
        let settings = Settings::of(config)?;
        let config = Config { first_sequence, ..settings.config };
        Ok(Self { config, exit_timeout: settings.exit_timeout, state: Mutex::default() })
    }

    /// Hands one message over; the future brings its metadata.
    #[pyo3(
        signature = (
            topic, value=None, misplaced=None, *,
            key=None, headers=None, partition=None, timestamp=None,
        ),
        text_signature = "($self, topic, value=None, *, key=None, headers=None, partition=None, timestamp=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "a message's parts, by keyword")]
    fn produce<'py>(
        &self,
        py: Python<'py>,
        topic: &Bound<'py, PyAny>,
        value: Option<&Bound<'py, PyAny>>,
        misplaced: Option<&Bound<'py, PyAny>>,
        key: Option<&Bound<'py, PyAny>>,
        headers: Option<&Bound<'py, PyAny>>,
        partition: Option<&Bound<'py, PyAny>>,
        timestamp: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if misplaced.is_some() {
            return Err(PyTypeError::new_err(
                "produce() takes the topic and the value by position, everything else by name: \
                 write produce(topic, value, key=…)",
            ));
        }
        let topic = convert::topic(topic)?;
        let value = Payload::new("value", value)?;
        let key = Payload::new("key", key)?;
        let headers = Headers::new(headers)?;
        let headers = headers.bytes()?;
        let partition = convert::partition(partition)?;
        let timestamp = timestamp.map_or_else(|| Ok(now_ms()), convert::timestamp)?;
        let record =
            Record { timestamp, key: key.bytes()?, value: value.bytes()?, headers: &headers };

        let running = running_loop(py, "produce")?;
        let client = self.client(py)?;
        let (future, waiter) = waiter(&running)?;
        client
            .produce(topic, partition, &record, Some(waiter), true)
            .map_err(|error| to_python(py, &error))?;
        Ok(future)
    }

    /// Connects; the future is done once the cluster has answered.
    #[pyo3(name = "_connect")]
    fn connect<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let running = running_loop(py, "start")?;
        let client = self.client(py)?;
        let (future, waiter) = waiter(&running)?;
        match client.connect(waiter) {
            None => Ok(future),
            Some(_) => Err(closed(py)),
        }
    }

    /// The future is done once everything handed over before has been settled.
    #[pyo3(name = "_settle")]
    fn settle<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let running = running_loop(py, "flush")?;
        let client = self.client(py)?;
        let (future, waiter) = waiter(&running)?;
        match client.flush(waiter) {
            None => Ok(future),
            Some(_) => Err(closed(py)),
        }
    }

    /// Takes no more messages, delivers those it has for at most `timeout` seconds, and
    /// disconnects; the future is done then.
    #[pyo3(name = "_disconnect", signature = (timeout=None))]
    fn disconnect<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let limit = match timeout {
            // Every message is settled by then, and the core is done.
            None => self.config.delivery_timeout + Duration::from_secs(1),
            Some(seconds) => Duration::try_from_secs_f64(seconds)
                .map_err(|_| PyValueError::new_err("timeout must be seconds from 0 on, or None"))?,
        };
        let running = running_loop(py, "close")?;
        let (future, waiter) = waiter(&running)?;
        let client = {
            let mut state = self.state();
            state.closed = true;
            state.client.clone()
        };
        let left = match client {
            Some(client) => client.close(limit, Some(waiter)),
            None => Some(waiter),
        };
        if left.is_some() {
            future.call_method1("set_result", (py.None(),))?;
        }
        drop_orphans(py);
        Ok(future)
    }
}

impl Drop for ProducerCore {
    fn drop(&mut self) {
        // Nobody can hand anything over any more. What was is still delivered: the core goes
        // on by itself, and the interpreter's end waits for it.
        let exit_timeout = self.exit_timeout;
        let client = self.state().client.take();
        if let Some(client) = client {
            client.close(exit_timeout.max(self.config.delivery_timeout), None);
        }
    }
}

fn closed(py: Python<'_>) -> PyErr {
    let error = "the producer is closed; create another one";
    to_python(py, &Error::new(ErrorKind::Closed, error))
}

fn now_ms() -> i64 {
    // A clock before 1970 is a clock that was never set.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// Anything that differs between producers: they must not all choose the same partitions.
pub(super) fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

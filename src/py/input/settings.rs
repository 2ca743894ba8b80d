//! Settings, read from plain values. `ProducerConfig` has checked each value, and that they do not
//! contradict each other. The core checks servers, codecs and partitioners.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::{PyTraverseError, PyVisit};

use super::providers::Providers;
use super::security::security;
use super::serializers::Serializers;
use crate::config::{Acks, Compression, Config, Partitioner};
use crate::error::Error;
use crate::py::base::errors::to_python;

/// All settings: the core's, and those of the boundary.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) config: Config,
    /// How long the end of the interpreter waits for undelivered messages.
    pub(crate) exit_timeout: Duration,
    /// How long a call without an event loop may wait for memory.
    pub(crate) max_block: Duration,
    /// How long a call may block an event loop without progress.
    pub(crate) send_block: Duration,
    pub(crate) serializers: Serializers,
    /// Called for each failure that no caller or callback receives.
    pub(crate) on_error: Option<Py<PyAny>>,
    /// The user's partitioner, with [`Partitioner::Caller`].
    pub(crate) partitioner: Option<Py<PyAny>>,
    pub(crate) providers: Providers,
}

impl Settings {
    /// Reads a mapping of plain values: see `CoreSettings` in `_core.pyi`.
    pub(crate) fn new(values: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = values.py();
        let values: Values<'_> = values.extract()?;
        let refused = |error| to_python(py, &error);
        let (partitioner, function) = match values.partitioner.cast::<PyString>() {
            Ok(name) => (name.to_str()?.parse().map_err(refused)?, None),
            Err(_) => (Partitioner::Caller, Some(values.partitioner.clone().unbind())),
        };
        let (security, providers) = security(values.security.as_ref())?;
        Ok(Self {
            config: Config { security, partitioner, ..values.config().map_err(refused)? },
            exit_timeout: Duration::from_millis(values.exit_timeout_ms),
            max_block: Duration::from_millis(values.max_block_ms),
            send_block: Duration::from_millis(values.send_block_ms),
            serializers: Serializers {
                key: values.key_serializer,
                value: values.value_serializer,
                is_json: false,
            },
            on_error: values.on_error,
            partitioner: function,
            providers,
        })
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.serializers.traverse(visit)?;
        let functions = [&self.on_error, &self.partitioner].into_iter();
        functions
            .chain(self.providers.all())
            .flatten()
            .try_for_each(|function| visit.call(function))
    }
}

/// The values as Python passes them: times in milliseconds, sizes in bytes.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Values<'py> {
    bootstrap_servers: String,
    security: Option<Bound<'py, PyAny>>,
    client_id: String,
    acks: i16,
    idempotence: bool,
    linger_ms: u64,
    batch_size: usize,
    compression: String,
    compression_level: Option<i32>,
    max_in_flight: usize,
    allow_reordering: bool,
    buffer_memory: usize,
    max_request_size: usize,
    partitioner: Bound<'py, PyAny>,
    delivery_timeout_ms: u64,
    request_timeout_ms: u64,
    metadata_timeout_ms: u64,
    retry_backoff_ms: u64,
    retry_backoff_max_ms: u64,
    max_block_ms: u64,
    send_block_ms: u64,
    /// `None` is no limit.
    max_waiting: Option<usize>,
    exit_timeout_ms: u64,
    metadata_max_age_ms: u64,
    metadata_max_idle_ms: u64,
    connections_max_idle_ms: u64,
    gapless: bool,
    key_serializer: Option<Py<PyAny>>,
    value_serializer: Option<Py<PyAny>>,
    on_error: Option<Py<PyAny>>,
    /// The first sequence number of each partition. Tests start near the largest one.
    first_sequence: i32,
}

impl Values<'_> {
    fn config(&self) -> Result<Config, Error> {
        let codec = self.compression.parse()?;
        Ok(Config {
            client_id: self.client_id.clone(),
            acks: Acks::from_code(self.acks)?,
            idempotence: self.idempotence,
            linger: Duration::from_millis(self.linger_ms),
            batch_size: self.batch_size,
            compression: Compression::new(codec, self.compression_level)?,
            max_in_flight: self.max_in_flight,
            allow_reordering: self.allow_reordering,
            buffer_memory: self.buffer_memory,
            max_waiting: self.max_waiting.unwrap_or(usize::MAX),
            max_request_size: self.max_request_size,
            delivery_timeout: Duration::from_millis(self.delivery_timeout_ms),
            idle_timeout: Duration::from_millis(self.connections_max_idle_ms),
            request_timeout: Duration::from_millis(self.request_timeout_ms),
            metadata_timeout: Duration::from_millis(self.metadata_timeout_ms),
            metadata_max_age: Duration::from_millis(self.metadata_max_age_ms),
            metadata_max_idle: Duration::from_millis(self.metadata_max_idle_ms),
            retry_backoff: Duration::from_millis(self.retry_backoff_ms),
            retry_backoff_max: Duration::from_millis(self.retry_backoff_max_ms),
            gapless: self.gapless,
            first_sequence: self.first_sequence,
            ..Config::new(&self.bootstrap_servers)?
        })
    }
}

/// Raise `ConfigError` for settings that the core refuses.
#[pyfunction]
pub(crate) fn check_settings(settings: &Bound<'_, PyAny>) -> PyResult<()> {
    Settings::new(settings).map(drop)
}

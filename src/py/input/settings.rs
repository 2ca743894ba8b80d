//! From Python's `ProducerConfig` to the core's: attributes are read, numbers become times, names
//! become what they name. What is wrong by itself or contradicts itself was refused in Python,
//! but for what only the core knows: servers, codecs and partitioners.

use std::time::Duration;

use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::{PyTraverseError, PyVisit};

use super::convert::type_name;
use super::providers::Providers;
use super::security::security;
use super::serializers::Serializers;
use crate::config::{Acks, Compression, Config, Partitioner};
use crate::py::base::calls::import;
use crate::py::base::errors::to_python;

/// Every setting: the core's, and those of the boundary itself.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) config: Config,
    /// How long the end of the interpreter waits.
    pub(crate) exit_timeout: Duration,
    /// How long a call may wait for memory where there is no event loop.
    pub(crate) max_block: Duration,
    /// How long a call may hold an event loop without progress.
    pub(crate) send_block: Duration,
    /// What makes bytes of keys and values.
    pub(crate) serializers: Serializers,
    /// Whom to tell of failures that nobody claimed.
    pub(crate) on_error: Option<Py<PyAny>>,
    /// Whom to ask where records go, with [`Partitioner::Caller`].
    pub(crate) partitioner: Option<Py<PyAny>>,
    /// What provides passwords and tokens.
    pub(crate) providers: Providers,
}

impl Settings {
    /// Reads the attributes of a `ProducerConfig`.
    pub(crate) fn of(config: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = config.py();
        let class = import(py, "dekaf._config")?.getattr("ProducerConfig")?;
        if !config.is_instance(&class)? {
            return Err(PyTypeError::new_err(format!(
                "config must be a ProducerConfig, not {}; ProducerConfig.from_properties() makes one \
                 of a mapping",
                type_name(config)
            )));
        }
        let given = config.getattr("partitioner")?;
        let (partitioner, function) = match given.cast::<PyString>() {
            Ok(name) => (name.to_str()?.parse().map_err(|error| to_python(py, &error))?, None),
            Err(_) => (Partitioner::Caller, Some(given.unbind())),
        };
        let (security, providers) = security(&config.getattr("security")?)?;
        Ok(Self {
            config: Config { security, partitioner, ..core(config)? },
            exit_timeout: milliseconds(config, "exit_timeout_ms")?,
            max_block: milliseconds(config, "max_block_ms")?,
            send_block: milliseconds(config, "send_block_ms")?,
            serializers: Serializers {
                key: get(config, "_serialize_key")?,
                value: get(config, "_serialize_value")?,
                is_json: false,
            },
            on_error: get(config, "on_error")?,
            partitioner: function,
            providers,
        })
    }
}

impl Settings {
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.serializers.traverse(visit)?;
        let functions = [&self.on_error, &self.partitioner].into_iter();
        functions
            .chain(self.providers.all())
            .flatten()
            .try_for_each(|function| visit.call(function))
    }
}

fn core(config: &Bound<'_, PyAny>) -> PyResult<Config> {
    let refused = |error| to_python(config.py(), &error);
    let servers: String = get(config, "bootstrap_servers")?;
    let codec: String = get(config, "compression")?;
    let level = get(config, "compression_level")?;
    Ok(Config {
        client_id: get(config, "client_id")?,
        acks: Acks::from_code(get(&config.getattr("acks")?, "value")?).map_err(refused)?,
        idempotence: get(config, "idempotence")?,
        linger: milliseconds(config, "linger_ms")?,
        batch_size: get(config, "batch_size")?,
        compression: codec
            .parse()
            .and_then(|codec| Compression::new(codec, level))
            .map_err(refused)?,
        max_in_flight: get(config, "max_in_flight")?,
        allow_reordering: get(config, "allow_reordering")?,
        buffer_memory: get(config, "buffer_memory")?,
        max_waiting: match get::<String>(config, "on_full")?.as_str() {
            "raise" => 0,
            _ => get::<Option<usize>>(config, "max_waiting")?.unwrap_or(usize::MAX),
        },
        max_request_size: get(config, "max_request_size")?,
        delivery_timeout: milliseconds(config, "delivery_timeout_ms")?,
        idle_timeout: milliseconds(config, "connections_max_idle_ms")?,
        request_timeout: milliseconds(config, "request_timeout_ms")?,
        metadata_timeout: milliseconds(config, "metadata_timeout_ms")?,
        metadata_max_age: milliseconds(config, "metadata_max_age_ms")?,
        metadata_max_idle: milliseconds(config, "metadata_max_idle_ms")?,
        retry_backoff: milliseconds(config, "retry_backoff_ms")?,
        retry_backoff_max: milliseconds(config, "retry_backoff_max_ms")?,
        gapless: get(config, "gapless")?,
        ..Config::new(&servers).map_err(refused)?
    })
}

fn milliseconds(config: &Bound<'_, PyAny>, name: &str) -> PyResult<Duration> {
    get(config, name).map(Duration::from_millis)
}

fn get<'py, T: FromPyObjectOwned<'py>>(object: &Bound<'py, PyAny>, name: &str) -> PyResult<T> {
    object.getattr(name)?.extract().map_err(Into::into)
}

/// Raises `ConfigError` for what the core refuses in a `ProducerConfig`.
#[pyfunction]
pub(crate) fn check_config(config: &Bound<'_, PyAny>) -> PyResult<()> {
    Settings::of(config).map(|_| ())
}

//! Everything in Python that the core calls. The package registers it once, at import, as the
//! module `dekaf._upcalls`: a name that is missing there fails the import, not a message later.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// The attributes of the registered module. `_core.pyi` has their types.
#[derive(Debug, FromPyObject)]
pub(crate) struct Upcalls {
    pub(crate) errors: ErrorClasses,

    // Asyncio.
    pub(crate) running_loop: Py<PyAny>,
    pub(crate) future_class: Py<PyAny>,
    pub(crate) invalid_state_error: Py<PyAny>,
    pub(crate) copy_context: Py<PyAny>,

    // The user's callbacks.
    pub(crate) function_type: Py<PyAny>,
    pub(crate) method_type: Py<PyAny>,
    pub(crate) is_async: Py<PyAny>,
    pub(crate) run_coroutine: Py<PyAny>,
    pub(crate) report_exception: Py<PyAny>,
    pub(crate) report_future_exception: Py<PyAny>,

    // The log.
    pub(crate) is_verbose: Py<PyAny>,
    pub(crate) log_notice: Py<PyAny>,
    pub(crate) log_unclaimed: Py<PyAny>,
    pub(crate) warn_of_blocked_loop: Py<PyAny>,

    // Values.
    pub(crate) copy: Py<PyAny>,
    pub(crate) partial: Py<PyAny>,
    pub(crate) datetime_class: Py<PyAny>,
    pub(crate) epoch: Py<PyAny>,
    pub(crate) millisecond: Py<PyAny>,
    pub(crate) promise_class: Py<PyAny>,
    pub(crate) json_serializer: Py<PyAny>,
    pub(crate) record_metadata_html: Py<PyAny>,
    pub(crate) ask_for_token: Py<PyAny>,

    // The process.
    pub(crate) start_thread: Py<PyAny>,
    pub(crate) drain_with_workers: Py<PyAny>,
    pub(crate) write_stderr: Py<PyAny>,
}

/// The classes of `dekaf`'s exceptions.
#[derive(Debug, FromPyObject)]
pub(crate) struct ErrorClasses {
    #[pyo3(attribute("ProduceError"))]
    pub(crate) produce: Py<PyAny>,
    #[pyo3(attribute("ConfigError"))]
    pub(crate) config: Py<PyAny>,
    #[pyo3(attribute("BrokerUnreachable"))]
    pub(crate) unreachable: Py<PyAny>,
    #[pyo3(attribute("TlsError"))]
    pub(crate) tls: Py<PyAny>,
    #[pyo3(attribute("AuthenticationError"))]
    pub(crate) authentication: Py<PyAny>,
    #[pyo3(attribute("AuthorizationError"))]
    pub(crate) authorization: Py<PyAny>,
    #[pyo3(attribute("UnknownTopic"))]
    pub(crate) unknown_topic: Py<PyAny>,
    #[pyo3(attribute("UnknownPartition"))]
    pub(crate) unknown_partition: Py<PyAny>,
    #[pyo3(attribute("InvalidRecord"))]
    pub(crate) invalid_record: Py<PyAny>,
    #[pyo3(attribute("DeliveryTimeout"))]
    pub(crate) delivery_timeout: Py<PyAny>,
    #[pyo3(attribute("BufferFull"))]
    pub(crate) buffer_full: Py<PyAny>,
    #[pyo3(attribute("OutOfMemory"))]
    pub(crate) out_of_memory: Py<PyAny>,
    #[pyo3(attribute("GaplessStopped"))]
    pub(crate) gapless: Py<PyAny>,
    #[pyo3(attribute("Purged"))]
    pub(crate) purged: Py<PyAny>,
    #[pyo3(attribute("ProducerClosed"))]
    pub(crate) closed: Py<PyAny>,
    #[pyo3(attribute("UnsupportedVersion"))]
    pub(crate) unsupported_version: Py<PyAny>,
    #[pyo3(attribute("ProtocolError"))]
    pub(crate) protocol: Py<PyAny>,
    #[pyo3(attribute("SerializationError"))]
    pub(crate) serialization: Py<PyAny>,
    #[pyo3(attribute("BrokerError"))]
    pub(crate) broker: Py<PyAny>,
}

static UPCALLS: PyOnceLock<Upcalls> = PyOnceLock::new();

/// Registers what the core calls in Python: the attributes of `upcalls`. Later calls change
/// nothing.
#[pyfunction]
pub(crate) fn install(py: Python<'_>, upcalls: &Bound<'_, PyAny>) -> PyResult<()> {
    UPCALLS.get_or_try_init(py, || upcalls.extract()).map(drop)
}

pub(crate) fn upcalls(py: Python<'_>) -> PyResult<&'static Upcalls> {
    UPCALLS
        .get(py)
        .ok_or_else(|| PyRuntimeError::new_err("the core is used before `import dekaf` is done"))
}

//! The core's errors as Python's: the classes live in `dekaf._errors`, where they are drawn as
//! a tree; here each kind finds its own.

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};

use super::calls::{call_with, import, method_with, repr, text};
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::py::input::convert::type_name;

static MODULE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

fn class_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Config => "ConfigError",
        ErrorKind::Unreachable => "BrokerUnreachable",
        ErrorKind::Tls => "TlsError",
        ErrorKind::Authentication => "AuthenticationError",
        ErrorKind::Authorization => "AuthorizationError",
        ErrorKind::UnknownTopic => "UnknownTopic",
        ErrorKind::UnknownPartition => "UnknownPartition",
        ErrorKind::InvalidRecord => "InvalidRecord",
        ErrorKind::DeliveryTimeout => "DeliveryTimeout",
        ErrorKind::BufferFull => "BufferFull",
        ErrorKind::OutOfMemory => "OutOfMemory",
        ErrorKind::Gapless => "GaplessStopped",
        ErrorKind::Purged => "Purged",
        ErrorKind::Closed => "ProducerClosed",
        ErrorKind::UnsupportedVersion => "UnsupportedVersion",
        ErrorKind::Protocol => "ProtocolError",
        ErrorKind::Serialization => "SerializationError",
        ErrorKind::Broker | ErrorKind::Disconnected => "BrokerError",
    }
}

/// An exception of the class that fits, with everything that the error knows. A failure to make
/// it is the exception then: nothing is swallowed.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    build(py, error).unwrap_or_else(|failure| failure)
}

fn module(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    let module = MODULE.get_or_try_init(py, || import(py, "dekaf._errors").map(Bound::unbind))?;
    Ok(module.bind(py))
}

/// A serializer raised: which one, for what, and behind it what it said.
pub(crate) fn serialization_failed(
    py: Python<'_>,
    what: &str,
    part: &str,
    topic: Option<&Bound<'_, PyString>>,
    given: &Bound<'_, PyAny>,
    cause: PyErr,
) -> PyErr {
    if !cause.is_instance_of::<PyException>(py) {
        return cause;
    }
    let make = || {
        let whither = match topic {
            Some(topic) => format!(", for topic {}", repr(topic)?),
            None => String::new(),
        };
        let kind = type_name(given);
        let message = format!("{what} failed for a {part} of type {kind}{whither}: {cause}");
        let details = PyDict::new(py);
        details.set_item("topic", topic)?;
        let class = module(py)?.getattr("SerializationError")?;
        let error = PyErr::from_value(call_with(&class, (message,), Some(&details))?);
        error.set_cause(py, Some(cause));
        Ok::<_, PyErr>(error)
    };
    make().unwrap_or_else(|failure| failure)
}

/// A message of a batch was refused before it reached the core: what was raised, as one of ours.
pub(crate) fn refused<'py>(
    py: Python<'py>,
    topic: Option<Bound<'py, PyString>>,
    cause: PyErr,
) -> PyResult<Bound<'py, PyAny>> {
    let module = module(py)?;
    if cause.value(py).is_instance(&module.getattr("ProduceError")?)? {
        // A copy: the caller's code may raise the same one again and again.
        let copy = method_with(&import(py, "copy")?, "copy", (cause.value(py),))?;
        copy.setattr("__cause__", cause.value(py).getattr("__cause__")?)?;
        return Ok(copy);
    }
    let details = PyDict::new(py);
    details.set_item("topic", topic)?;
    details.set_item("code", ErrorCode::INVALID_RECORD.name())?;
    let error =
        call_with(&module.getattr("InvalidRecord")?, (text(cause.value(py))?,), Some(&details))?;
    error.setattr("__cause__", cause)?;
    Ok(error)
}

fn build(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let module = module(py)?;
    let class = module.getattr(class_of(error.kind()))?;
    if error.kind() == ErrorKind::Config {
        return Ok(PyErr::from_value(call_with(&class, (error.to_string(),), None)?));
    }
    let context = error.context();
    let details = PyDict::new(py);
    details.set_item("topic", context.topic.as_deref())?;
    details.set_item("partition", context.partition)?;
    details.set_item("code", context.code.map(ErrorCode::name))?;
    details.set_item("retriable", error.retriable())?;
    details.set_item("fatal", error.fatal())?;
    details.set_item("maybe_written", context.maybe_written)?;
    let exception = call_with(&class, (error.to_string(),), Some(&details))?;
    debug_assert!(exception.is_instance_of::<PyException>(), "the tree is one of exceptions");
    Ok(PyErr::from_value(exception))
}

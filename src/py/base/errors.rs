//! Converts the core's errors to Python's exceptions. `dekaf._errors` has their classes.

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::calls::{call_with, repr, text};
use super::objects::type_name;
use super::upcalls::{ErrorClasses, Upcalls, upcalls};
use crate::error::{Error, ErrorCode, ErrorKind};

fn class_of(classes: &ErrorClasses, kind: ErrorKind) -> &Py<PyAny> {
    match kind {
        ErrorKind::Config => &classes.config,
        ErrorKind::Unreachable => &classes.unreachable,
        ErrorKind::Tls => &classes.tls,
        ErrorKind::Authentication => &classes.authentication,
        ErrorKind::Authorization => &classes.authorization,
        ErrorKind::UnknownTopic => &classes.unknown_topic,
        ErrorKind::UnknownPartition => &classes.unknown_partition,
        ErrorKind::InvalidRecord => &classes.invalid_record,
        ErrorKind::DeliveryTimeout => &classes.delivery_timeout,
        ErrorKind::BufferFull => &classes.buffer_full,
        ErrorKind::OutOfMemory => &classes.out_of_memory,
        ErrorKind::Gapless => &classes.gapless,
        ErrorKind::Purged => &classes.purged,
        ErrorKind::Closed => &classes.closed,
        ErrorKind::UnsupportedVersion => &classes.unsupported_version,
        ErrorKind::Protocol => &classes.protocol,
        ErrorKind::Serialization => &classes.serialization,
        ErrorKind::Broker | ErrorKind::Disconnected => &classes.broker,
    }
}

/// Converts an error of the core to the matching exception. If that fails, returns the failure.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    build(py, error).unwrap_or_else(|failure| failure)
}

/// The error of a serializer that raised `cause`.
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
        let class = upcalls(py)?.errors.serialization.bind(py);
        let error = PyErr::from_value(call_with(class, (message,), Some(&details))?);
        error.set_cause(py, Some(cause));
        Ok::<_, PyErr>(error)
    };
    make().unwrap_or_else(|failure| failure)
}

/// Converts the exception of a message that was refused before it reached the core to a
/// `ProduceError`.
pub(crate) fn refused<'py>(
    py: Python<'py>,
    topic: Option<Bound<'py, PyString>>,
    cause: PyErr,
) -> PyResult<Bound<'py, PyAny>> {
    let Upcalls { errors, copy, .. } = upcalls(py)?;
    if cause.value(py).is_instance(errors.produce.bind(py))? {
        // A copy: the user's code may raise the same object for several messages.
        let copy = call_with(copy.bind(py), (cause.value(py),), None)?;
        copy.setattr("__cause__", cause.value(py).getattr("__cause__")?)?;
        return Ok(copy);
    }
    let details = PyDict::new(py);
    details.set_item("topic", topic)?;
    details.set_item("code", ErrorCode::INVALID_RECORD.name())?;
    let message = text(cause.value(py))?;
    let error = call_with(errors.invalid_record.bind(py), (message,), Some(&details))?;
    error.setattr("__cause__", cause)?;
    Ok(error)
}

fn build(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let class = class_of(&upcalls(py)?.errors, error.kind()).bind(py);
    if error.kind() == ErrorKind::Config {
        return Ok(PyErr::from_value(call_with(class, (error.to_string(),), None)?));
    }
    let context = error.context();
    let details = PyDict::new(py);
    details.set_item("topic", context.topic.as_deref())?;
    details.set_item("partition", context.partition)?;
    details.set_item("code", context.code.map(ErrorCode::name))?;
    details.set_item("retriable", error.retriable())?;
    details.set_item("fatal", error.fatal())?;
    details.set_item("maybe_written", context.maybe_written)?;
    let exception = call_with(class, (error.to_string(),), Some(&details))?;
    debug_assert!(exception.is_instance_of::<PyException>(), "the tree is one of exceptions");
    Ok(PyErr::from_value(exception))
}

//! The other fields of a message: topic, partition and timestamp.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::py::base::objects::{is_int, type_name};
use crate::py::base::upcalls::{Upcalls, upcalls};

/// Checks a topic's name. If `call` takes the topic by position, the error shows the order of
/// arguments.
pub(crate) fn topic<'a, 'py>(
    call: Option<&str>,
    topic: &'a Bound<'py, PyAny>,
) -> PyResult<&'a Bound<'py, PyString>> {
    let Ok(name) = topic.cast::<PyString>() else {
        let kind = type_name(topic);
        let order = call.map(|call| format!(": the order is {call}(topic, value, key=…)"));
        let order = order.unwrap_or_default();
        return Err(PyTypeError::new_err(format!("topic must be str, not {kind}{order}")));
    };
    if name.is_empty()? {
        return Err(PyValueError::new_err("topic is empty; name the topic to produce to"));
    }
    Ok(name)
}

/// Checks a partition's number.
pub(crate) fn partition(partition: Option<&Bound<'_, PyAny>>) -> PyResult<Option<i32>> {
    let Some(partition) = partition else { return Ok(None) };
    if !is_int(partition) {
        return Err(PyTypeError::new_err(format!(
            "partition must be int or None, not {}",
            type_name(partition)
        )));
    }
    partition
        .extract()
        .map(Some)
        .map_err(|_| PyValueError::new_err("partition is no number that a partition can have"))
}

/// Returns milliseconds since 1970. The argument is that number, or an aware `datetime`.
pub(crate) fn timestamp(timestamp: &Bound<'_, PyAny>) -> PyResult<i64> {
    let py = timestamp.py();
    let milliseconds: i64 = if is_int(timestamp) {
        timestamp
            .extract()
            .map_err(|_| PyValueError::new_err("timestamp does not fit into 64 bits"))?
    } else if timestamp.is_instance(upcalls(py)?.datetime_class.bind(py))? {
        if timestamp.getattr("tzinfo")?.is_none() {
            return Err(PyValueError::new_err(
                "timestamp is a naive datetime, which is a different instant on every machine; \
                 give it a tzinfo, for example datetime.now(tz=timezone.utc)",
            ));
        }
        milliseconds_of(timestamp)?
    } else {
        return Err(PyTypeError::new_err(format!(
            "timestamp must be milliseconds since 1970 as int, or an aware datetime, not {}",
            type_name(timestamp)
        )));
    };
    if milliseconds < 0 {
        return Err(PyValueError::new_err("timestamp is before 1970, which Kafka refuses"));
    }
    Ok(milliseconds)
}

/// Returns whole milliseconds since 1970. Integer arithmetic: a float of seconds is not exact
/// enough.
fn milliseconds_of(instant: &Bound<'_, PyAny>) -> PyResult<i64> {
    let py = instant.py();
    let Upcalls { epoch, millisecond, .. } = upcalls(py)?;
    instant.sub(epoch)?.floor_div(millisecond)?.extract()
}

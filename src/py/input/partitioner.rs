//! Calls the user's partitioner.

use pyo3::exceptions::{PyException, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::client::Client;
use crate::py::base::calls::call_with;
use crate::py::base::errors::to_python;
use crate::py::base::generation::Generation;
use crate::py::base::objects::{is_int, type_name};

/// Calls the partitioner for a message that is not handed over yet. If it raises, the returned
/// error has that exception as its cause.
pub(crate) fn choose_for_call<W: Send + 'static>(
    partitioner: &Bound<'_, PyAny>,
    client: &Client<W>,
    topic: &str,
    key: Option<&[u8]>,
    partitions: i32,
) -> PyResult<i32> {
    let (py, generation) = (partitioner.py(), Generation::current());
    let chosen = choose(partitioner, key, partitions);
    generation.check()?;
    chosen.map_err(|cause| {
        if !cause.is_instance_of::<PyException>(py) {
            return cause;
        }
        let failed = to_python(py, &client.placing_failed(topic, &cause.to_string()));
        failed.set_cause(py, Some(cause));
        failed
    })
}

/// Calls the partitioner, and checks what it returns.
pub(crate) fn choose(
    partitioner: &Bound<'_, PyAny>,
    key: Option<&[u8]>,
    partitions: i32,
) -> PyResult<i32> {
    let key = key.map(|key| PyBytes::new(partitioner.py(), key));
    let chosen = call_with(partitioner, (key, partitions), None)?;
    let wrong = |why: &str| {
        let message = format!("the partitioner returned {}, {why}", type_name(&chosen));
        PyErr::new::<PyTypeError, _>(message)
    };
    if !is_int(&chosen) {
        return Err(wrong("not int"));
    }
    let chosen: i32 =
        chosen.extract().map_err(|_| wrong("which no partition has as its number"))?;
    if !(0..partitions).contains(&chosen) {
        return Err(PyValueError::new_err(format!(
            "the partitioner returned {chosen}: the topic has {partitions} partitions, counted \
             from 0"
        )));
    }
    Ok(chosen)
}

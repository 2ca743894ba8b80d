//! The parts of a message, as a call names them.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use super::message::Message;

/// An argument; `None` if it was left out or is `None`.
pub(crate) type Argument<'a, 'py> = Option<&'a Bound<'py, PyAny>>;

/// The arguments of a call besides topic and value.
#[derive(Clone, Copy, Default)]
pub(crate) struct Extras<'a, 'py> {
    /// A third positional argument, which is an error.
    pub(crate) misplaced: Argument<'a, 'py>,
    pub(crate) key: Argument<'a, 'py>,
    pub(crate) headers: Argument<'a, 'py>,
    pub(crate) partition: Argument<'a, 'py>,
    pub(crate) timestamp: Argument<'a, 'py>,
}

/// The parts of a message, unchecked.
#[derive(Clone, Copy, Default)]
pub(crate) struct Parts<'a, 'py> {
    pub(crate) topic: Argument<'a, 'py>,
    pub(crate) value: Argument<'a, 'py>,
    pub(crate) key: Argument<'a, 'py>,
    pub(crate) headers: Argument<'a, 'py>,
    pub(crate) partition: Argument<'a, 'py>,
    pub(crate) timestamp: Argument<'a, 'py>,
}

/// Returns the parts that `produce` or `send` was called with, as arguments or as a `Message`.
pub(crate) fn of_call<'a, 'py>(
    call: &str,
    topic: &'a Bound<'py, PyAny>,
    value: Argument<'a, 'py>,
    extras: Extras<'a, 'py>,
) -> PyResult<Parts<'a, 'py>> {
    if extras.misplaced.is_some() {
        return Err(PyTypeError::new_err(format!(
            "{call}() takes the topic and the value by position, everything else by name: write \
             {call}(topic, value, key=…)"
        )));
    }
    match topic.cast_exact::<Message>() {
        Ok(message) => {
            extras.check_alone(call, value)?;
            Ok(Parts::of_message(message))
        }
        Err(_) => Ok(extras.parts(Some(topic), value)),
    }
}

impl<'a, 'py> Extras<'a, 'py> {
    pub(crate) fn parts(
        self,
        topic: Argument<'a, 'py>,
        value: Argument<'a, 'py>,
    ) -> Parts<'a, 'py> {
        let Self { misplaced: _, key, headers, partition, timestamp } = self;
        Parts { topic, value, key, headers, partition, timestamp }
    }

    /// Fails if a call names anything besides a `Message`.
    pub(crate) fn check_alone(&self, call: &str, value: Argument<'_, '_>) -> PyResult<()> {
        let others = [value, self.key, self.headers, self.partition, self.timestamp];
        if others.iter().any(Option::is_some) {
            return Err(PyTypeError::new_err(format!(
                "{call}() takes a Message alone; put the rest into it, as in \
                 message.replace(key=…)"
            )));
        }
        Ok(())
    }
}

impl<'a, 'py> Parts<'a, 'py> {
    pub(crate) fn of_message(message: &'a Bound<'py, Message>) -> Self {
        let py = message.py();
        let Message { topic, value, key, headers, partition, timestamp } = message.get();
        let given = |field: &'a Py<PyAny>| Some(field.bind(py)).filter(|field| !field.is_none());
        Self {
            topic: given(topic),
            value: given(value),
            key: given(key),
            headers: given(headers),
            partition: given(partition),
            timestamp: given(timestamp),
        }
    }
}

//! The parts of a message, as a call names them.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use super::message::Message;

/// An argument; `None` where it was left out, or is `None` itself.
pub(crate) type Argument<'a, 'py> = Option<&'a Bound<'py, PyAny>>;

/// What a call names besides topic and value.
#[derive(Clone, Copy, Default)]
pub(crate) struct Extras<'a, 'py> {
    /// A third argument by position, which nothing is.
    pub(crate) misplaced: Argument<'a, 'py>,
    pub(crate) key: Argument<'a, 'py>,
    pub(crate) headers: Argument<'a, 'py>,
    pub(crate) partition: Argument<'a, 'py>,
    pub(crate) timestamp: Argument<'a, 'py>,
}

/// A message's parts as they were given.
#[derive(Clone, Copy, Default)]
pub(crate) struct Parts<'a, 'py> {
    pub(crate) topic: Argument<'a, 'py>,
    pub(crate) value: Argument<'a, 'py>,
    pub(crate) key: Argument<'a, 'py>,
    pub(crate) headers: Argument<'a, 'py>,
    pub(crate) partition: Argument<'a, 'py>,
    pub(crate) timestamp: Argument<'a, 'py>,
}

/// What `produce` and `send` were called with: a message's parts, or a message.
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

    /// Refuses whatever is named beside a message.
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

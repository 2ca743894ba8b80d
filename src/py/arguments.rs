//! From a call's arguments to a record: taken apart, serialized, and handed over.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::callbacks;
use super::convert::{self, Headers, Payload};
use super::errors::{serialization_failed, to_python};
use super::message::Message;
use super::settings::Settings;
use super::waiter::Waiter;
use crate::client::{Client, Handed};
use crate::record::Record;

type Argument<'a, 'py> = Option<&'a Bound<'py, PyAny>>;

/// What `produce` and `send` were called with.
pub(super) struct Arguments<'a, 'py> {
    pub(super) call: &'static str,
    pub(super) topic: &'a Bound<'py, PyAny>,
    pub(super) value: Argument<'a, 'py>,
    pub(super) misplaced: Argument<'a, 'py>,
    pub(super) key: Argument<'a, 'py>,
    pub(super) headers: Argument<'a, 'py>,
    pub(super) partition: Argument<'a, 'py>,
    pub(super) timestamp: Argument<'a, 'py>,
}

/// A message, checked and serialized.
pub(super) struct Ready<'py> {
    topic: Bound<'py, PyString>,
    key: Payload<'py>,
    value: Payload<'py>,
    headers: Headers<'py>,
    partition: Option<i32>,
    timestamp: i64,
}

impl<'py> Arguments<'_, 'py> {
    pub(super) fn ready(&self, settings: &Settings) -> PyResult<Ready<'py>> {
        if self.misplaced.is_some() {
            let call = self.call;
            return Err(PyTypeError::new_err(format!(
                "{call}() takes the topic and the value by position, everything else by name: \
                 write {call}(topic, value, key=…)"
            )));
        }
        if let Ok(message) = self.topic.cast_exact::<Message>() {
            return self.of_message(message, settings);
        }
        let topic = convert::topic(self.call, self.topic)?;
        let key = serialized(settings, Part::Key, topic, self.key)?;
        let value = serialized(settings, Part::Value, topic, self.value)?;
        Ok(Ready {
            topic: topic.clone(),
            key,
            value,
            headers: Headers::new(self.headers)?,
            partition: convert::partition(self.partition)?,
            timestamp: self.timestamp.map_or_else(|| Ok(now_ms()), convert::timestamp)?,
        })
    }

    fn of_message(
        &self,
        message: &Bound<'py, Message>,
        settings: &Settings,
    ) -> PyResult<Ready<'py>> {
        let others = [self.value, self.key, self.headers, self.partition, self.timestamp];
        if others.iter().any(Option::is_some) {
            let call = self.call;
            return Err(PyTypeError::new_err(format!(
                "{call}() takes a Message alone; put the rest into it, as in \
                 message.replace(key=…)"
            )));
        }
        let py = message.py();
        let message = message.get();
        if message.topic.is_none(py) {
            return Err(PyValueError::new_err(
                "the message names no topic, and nothing else does: write Message(topic, value)",
            ));
        }
        let arguments = Arguments {
            call: self.call,
            topic: message.topic.bind(py),
            value: given(py, &message.value),
            misplaced: None,
            key: given(py, &message.key),
            headers: given(py, &message.headers),
            partition: given(py, &message.partition),
            timestamp: given(py, &message.timestamp),
        };
        if arguments.topic.is_exact_instance_of::<Message>() {
            return Err(PyTypeError::new_err("topic must be str, not Message"));
        }
        arguments.ready(settings)
    }
}

fn given<'a, 'py>(py: Python<'py>, field: &'a Py<PyAny>) -> Argument<'a, 'py> {
    Some(field.bind(py)).filter(|field| !field.is_none())
}

#[derive(Clone, Copy)]
enum Part {
    Key,
    Value,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Value => "value",
        }
    }
}

/// `None` is a tombstone or no key, and no serializer's business.
fn serialized<'py>(
    settings: &Settings,
    part: Part,
    topic: &Bound<'py, PyString>,
    value: Argument<'_, 'py>,
) -> PyResult<Payload<'py>> {
    let (Some(given), name) = (value, part.name()) else { return Ok(Payload::Null) };
    let serializer = match part {
        Part::Key => &settings.key_serializer,
        Part::Value => &settings.value_serializer,
    };
    let Some(serializer) = serializer else { return Payload::new(name, value) };
    let py = given.py();
    let made = serializer
        .bind(py)
        .call1((given,))
        .map_err(|error| serialization_failed(py, name, topic, given, error))?;
    let made = Some(made).filter(|made| !made.is_none());
    Payload::of_serializer(name, made.as_ref())
}

impl Ready<'_> {
    /// Hands the message over to the core.
    pub(super) fn hand_over(
        &self,
        settings: &Settings,
        client: &Client<Waiter>,
        waiter: Option<Waiter>,
        urgent: bool,
    ) -> PyResult<Handed> {
        let py = self.topic.py();
        let headers = self.headers.bytes()?;
        let key = self.key.bytes()?;
        let record = Record {
            timestamp: self.timestamp,
            key,
            value: self.value.bytes()?,
            headers: &headers,
        };
        let topic = self.topic.to_str()?;
        let mut partition = self.partition;
        if partition.is_none()
            && let Some(partitioner) = &settings.partitioner
            && let Some(count) = client.partitions(topic)
        {
            partition = Some(callbacks::choose(partitioner.bind(py), key, count)?);
        }
        client
            .produce(topic, partition, &record, waiter, urgent)
            .map_err(|error| to_python(py, &error.topic(&Arc::from(topic))))
    }
}

fn now_ms() -> i64 {
    // A clock before 1970 is a clock that was never set.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

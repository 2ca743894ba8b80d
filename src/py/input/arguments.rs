//! From a call's arguments to a record: taken apart, serialized, and handed over.

use std::sync::Arc;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::borrowed::Borrowed;
use super::convert::{self, CommonHeaders, Headers, Payload};
use super::message::Message;
use super::serializers::{Part, Serializers};
use super::settings::Settings;
use crate::client::{Client, Handed};
use crate::producer::{Haste, OwnedRecord, Who};
use crate::py::base::errors::to_python;
use crate::py::delivery::callbacks;
use crate::py::waiters::waiter::Waiter;
use crate::record::{Header, Record};

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

/// A message, checked and serialized.
pub(crate) struct Ready<'py> {
    topic: Bound<'py, PyString>,
    key: Payload<'py>,
    value: Payload<'py>,
    headers: Headers<'py>,
    partition: Option<i32>,
    timestamp: i64,
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

    /// Checks and serializes them. What has no timestamp was made `now`.
    pub(crate) fn ready(
        self,
        call: &str,
        serializers: &Serializers,
        now: i64,
    ) -> PyResult<Ready<'py>> {
        let Some(topic) = self.topic else {
            return Err(PyValueError::new_err(
                "the message names no topic, and nothing else does: write Message(topic, value), or \
                 name the topic in the call",
            ));
        };
        let topic = convert::topic(Some(call), topic)?;
        Ok(Ready {
            topic: topic.clone(),
            key: serializers.payload(Part::Key, topic, self.key)?,
            value: serializers.payload(Part::Value, topic, self.value)?,
            headers: Headers::new(self.headers)?,
            partition: convert::partition(self.partition)?,
            timestamp: self.timestamp.map_or(Ok(now), convert::timestamp)?,
        })
    }
}

impl<'py> Ready<'py> {
    /// The same, with headers that it did not name itself.
    pub(crate) fn with_headers(self, common: Arc<CommonHeaders>) -> Self {
        Self { headers: Headers::Common(common), ..self }
    }

    /// The topic's name, as it is in Python.
    pub(crate) fn topic(&self) -> &Bound<'py, PyString> {
        &self.topic
    }

    /// About how many bytes it has, once [`Self::settle`] was called.
    pub(crate) fn size(&self) -> usize {
        self.key.len() + self.value.len()
    }

    /// Makes sure that all text has UTF-8, and asks the caller's partitioner, if he has one and
    /// the topic is known: whatever may run his code.
    pub(crate) fn settle(&mut self, settings: &Settings, client: &Client<Waiter>) -> PyResult<()> {
        self.topic.to_str()?;
        self.value.bytes()?;
        self.headers.check()?;
        self.partition = self.whither(settings, client)?;
        Ok(())
    }

    /// The partition that the message or the caller's partitioner names, if either does.
    fn whither(&self, settings: &Settings, client: &Client<Waiter>) -> PyResult<Option<i32>> {
        let (topic, key) = (self.topic.to_str()?, self.key.bytes()?);
        if self.partition.is_none()
            && let Some(partitioner) = &settings.partitioner
            && let Some(count) = client.partitions(topic)
        {
            let partitioner = partitioner.bind(self.topic.py());
            return callbacks::choose_now(partitioner, client, topic, key, count).map(Some);
        }
        Ok(self.partition)
    }

    /// What the core takes. Its headers are the caller's to keep.
    pub(crate) fn record<'a>(&'a self, headers: &'a [Header<'a>]) -> PyResult<Record<'a>> {
        let (key, value) = (self.key.bytes()?, self.value.bytes()?);
        Ok(Record { timestamp: self.timestamp, key, value, headers })
    }

    pub(crate) fn headers(&self) -> PyResult<Vec<Header<'_>>> {
        self.headers.bytes()
    }

    pub(crate) fn partition(&self) -> Option<i32> {
        self.partition
    }

    /// The topic, the partition, and a copy of everything else.
    pub(crate) fn into_owned(self) -> PyResult<(String, Option<i32>, OwnedRecord)> {
        let headers = self.headers()?;
        let copy = OwnedRecord::copy(&self.record(&headers)?);
        let record = copy.map_err(|error| to_python(self.topic.py(), &error))?;
        Ok((self.topic.to_str()?.to_owned(), self.partition, record))
    }

    /// Hands the message over to the core.
    pub(crate) fn hand_over(
        &self,
        settings: &Settings,
        client: &Client<Waiter>,
        who: impl Who<Waiter>,
        haste: Haste,
    ) -> PyResult<Handed> {
        let headers = self.headers()?;
        let record = self.record(&headers)?;
        let topic = self.topic.to_str()?;
        let partition = self.whither(settings, client)?;
        Borrowed { topic, partition, record }.hand_over(self.topic.py(), client, who, haste)
    }
}

//! A message that is checked and serialized.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::fields;
use super::headers::{CommonHeaders, Headers};
use super::outgoing::Outgoing;
use super::partitioner;
use super::parts::Parts;
use super::payload::Payload;
use super::serializers::{Part, Serializers};
use super::settings::Settings;
use crate::client::{Client, Handed};
use crate::producer::{Haste, OwnedRecord, Who};
use crate::py::base::errors::to_python;
use crate::record::{Header, Record};

pub(crate) struct Ready<'py> {
    topic: Bound<'py, PyString>,
    key: Payload<'py>,
    value: Payload<'py>,
    headers: Headers<'py>,
    partition: Option<i32>,
    timestamp: i64,
}

impl<'py> Parts<'_, 'py> {
    /// Checks and serializes the message. `now` is the timestamp of a message that has none.
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
        let topic = fields::topic(Some(call), topic)?;
        Ok(Ready {
            topic: topic.clone(),
            key: serializers.payload(Part::Key, topic, self.key)?,
            value: serializers.payload(Part::Value, topic, self.value)?,
            headers: Headers::new(self.headers)?,
            partition: fields::partition(self.partition)?,
            timestamp: self.timestamp.map_or(Ok(now), fields::timestamp)?,
        })
    }
}

impl<'py> Ready<'py> {
    /// Replaces the headers with shared ones.
    pub(crate) fn with_headers(self, common: Arc<CommonHeaders>) -> Self {
        Self { headers: Headers::Common(common), ..self }
    }

    pub(crate) fn topic(&self) -> &Bound<'py, PyString> {
        &self.topic
    }

    /// The bytes of key and value. Call [`Self::settle`] first.
    pub(crate) fn size(&self) -> usize {
        self.key.len() + self.value.len()
    }

    /// Checks that all text can be encoded, and calls the user's partitioner if the topic is known.
    /// Afterwards nothing runs Python code any more.
    pub(crate) fn settle<W: Send + 'static>(
        &mut self,
        settings: &Settings,
        client: &Client<W>,
    ) -> PyResult<()> {
        self.topic.to_str()?;
        self.value.bytes()?;
        self.headers.check()?;
        self.partition = self.whither(settings, client)?;
        Ok(())
    }

    /// Returns the partition that the message names, or the one that the user's partitioner
    /// chooses.
    fn whither<W: Send + 'static>(
        &self,
        settings: &Settings,
        client: &Client<W>,
    ) -> PyResult<Option<i32>> {
        let (topic, key) = (self.topic.to_str()?, self.key.bytes()?);
        if self.partition.is_none()
            && let Some(partitioner) = &settings.partitioner
            && let Some(count) = client.partitions(topic)
        {
            let partitioner = partitioner.bind(self.topic.py());
            return partitioner::choose_for_call(partitioner, client, topic, key, count).map(Some);
        }
        Ok(self.partition)
    }

    /// Returns the record. The caller owns the headers.
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

    /// Returns the topic, the partition, and a copy of everything else.
    pub(crate) fn into_owned(self) -> PyResult<(String, Option<i32>, OwnedRecord)> {
        let headers = self.headers()?;
        let copy = OwnedRecord::copy(&self.record(&headers)?);
        let record = copy.map_err(|error| to_python(self.topic.py(), &error))?;
        Ok((self.topic.to_str()?.to_owned(), self.partition, record))
    }

    /// Hands the message over to the core.
    pub(crate) fn hand_over<W: Send + 'static>(
        &self,
        settings: &Settings,
        client: &Client<W>,
        who: impl Who<W>,
        haste: Haste,
    ) -> PyResult<Handed> {
        let headers = self.headers()?;
        let record = self.record(&headers)?;
        let topic = self.topic.to_str()?;
        let partition = self.whither(settings, client)?;
        Outgoing { topic, partition, record }.hand_over(self.topic.py(), client, who, haste)
    }
}

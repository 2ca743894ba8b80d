//! The parts that the messages of one call or topic share.

use std::sync::Arc;

use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3::{PyTraverseError, PyVisit};

use super::fields;
use super::headers::CommonHeaders;
use super::parts::Parts;
use super::payload::Payload;
use super::ready::Ready;
use super::serializers::Serializers;
use crate::py::base::calls::call_with;
use crate::py::base::errors::serialization_failed;

#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) topic: Option<Py<PyString>>,
    key: Option<Key>,
    headers: Option<Arc<CommonHeaders>>,
    partition: Option<Py<PyAny>>,
    timestamp: Option<Py<PyAny>>,
    pub(crate) serializers: Serializers,
}

#[derive(Debug)]
enum Key {
    Same(Py<PyAny>),
    /// A function that computes the key from the value.
    Of(Py<PyAny>),
}

/// The shared parts of messages that have only a value, or a key and a value, of their own.
pub(crate) struct Plain<'py> {
    pub(crate) topic: Bound<'py, PyString>,
    /// The key of messages without one.
    pub(crate) key: Payload<'py>,
    pub(crate) headers: Option<Arc<CommonHeaders>>,
    pub(crate) partition: Option<i32>,
    pub(crate) timestamp: i64,
}

/// The shared parts, unchecked.
pub(crate) struct Common<'a, 'py> {
    pub(crate) topic: Option<&'a Bound<'py, PyAny>>,
    pub(crate) key: Option<&'a Bound<'py, PyAny>>,
    pub(crate) headers: Option<&'a Bound<'py, PyAny>>,
    pub(crate) partition: Option<&'a Bound<'py, PyAny>>,
    pub(crate) timestamp: Option<&'a Bound<'py, PyAny>>,
}

impl Template {
    /// Checks everything that can be checked without a message.
    pub(crate) fn new(common: &Common<'_, '_>, serializers: Serializers) -> PyResult<Self> {
        let Common { topic, key, headers, partition, timestamp } = *common;
        let topic = topic.map(|topic| fields::topic(None, topic)).transpose()?;
        let headers = headers.map(CommonHeaders::new).transpose()?.map(Arc::new);
        fields::partition(partition)?;
        timestamp.map(fields::timestamp).transpose()?;
        let kept = |object: Option<&Bound<'_, PyAny>>| object.map(|it| it.clone().unbind());
        let key = key.map(|key| {
            let kept = key.clone().unbind();
            if key.is_callable() { Key::Of(kept) } else { Key::Same(kept) }
        });
        Ok(Self {
            topic: topic.map(|topic| topic.clone().unbind()),
            key,
            headers,
            partition: kept(partition),
            timestamp: kept(timestamp),
            serializers,
        })
    }

    /// Checks and serializes a message. Its own parts win over the shared ones.
    pub(crate) fn ready<'py>(
        &self,
        py: Python<'py>,
        call: &str,
        parts: Parts<'_, 'py>,
        now: i64,
    ) -> PyResult<Ready<'py>> {
        let or = |given, common: &Option<Py<PyAny>>| match given {
            None => common.as_ref().map(|common| common.bind(py).clone()),
            Some(given) => Some(Bound::clone(given)),
        };
        let made = match (parts.key, &self.key) {
            (None, Some(Key::Of(function))) => {
                let topic =
                    parts.topic.or(self.topic.as_ref().map(|topic| topic.bind(py).as_any()));
                Some(key_of(function.bind(py), parts.value, topic)?)
            }
            _ => None,
        };
        let same = match &self.key {
            Some(Key::Same(key)) => Some(key.bind(py)),
            _ => None,
        };
        let key = parts.key.or(made.as_ref()).or(same).filter(|key| !key.is_none());
        let partition = or(parts.partition, &self.partition);
        let timestamp = or(parts.timestamp, &self.timestamp);
        let topic = self.topic.as_ref().map(|topic| topic.bind(py).as_any());
        let whole = Parts {
            topic: parts.topic.or(topic),
            value: parts.value,
            key,
            headers: parts.headers,
            partition: partition.as_ref(),
            timestamp: timestamp.as_ref(),
        };
        let ready = whole.ready(call, &self.serializers, now)?;
        Ok(match (parts.headers, &self.headers) {
            (None, Some(common)) => ready.with_headers(Arc::clone(common)),
            _ => ready,
        })
    }

    /// Returns the shared parts of messages whose values have bytes. `None` if serializing would
    /// run Python code, or if a shared part is invalid.
    pub(crate) fn plain<'py>(&self, py: Python<'py>, now: i64) -> PyResult<Option<Plain<'py>>> {
        match self.try_plain(py, now) {
            // The slow path reports the error for each message.
            Err(error) if error.is_instance_of::<PyException>(py) => Ok(None),
            plain => plain,
        }
    }

    fn try_plain<'py>(&self, py: Python<'py>, now: i64) -> PyResult<Option<Plain<'py>>> {
        let (Some(topic), false) = (&self.topic, self.serializers.are_asked()) else {
            return Ok(None);
        };
        let topic = topic.bind(py).clone();
        topic.to_str()?;
        let key = match &self.key {
            None => Payload::Null,
            Some(Key::Same(key)) => Payload::new("key", Some(key.bind(py)))?,
            Some(Key::Of(_)) => return Ok(None),
        };
        key.bytes()?;
        let partition = self.partition.as_ref().map(|it| it.bind(py));
        let timestamp = self.timestamp.as_ref().map(|it| it.bind(py));
        Ok(Some(Plain {
            topic,
            key,
            headers: self.headers.clone(),
            partition: fields::partition(partition)?,
            timestamp: timestamp.map_or(Ok(now), fields::timestamp)?,
        }))
    }

    /// Whether checking and serializing may run Python code, which may take any time.
    pub(crate) fn runs_code(&self) -> bool {
        matches!(self.key, Some(Key::Of(_))) || self.serializers.run_code()
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.serializers.traverse(visit)?;
        if let Some(Key::Same(key) | Key::Of(key)) = &self.key {
            visit.call(key)?;
        }
        let others = [&self.partition, &self.timestamp];
        others.into_iter().flatten().try_for_each(|object| visit.call(object))
    }
}

fn key_of<'py>(
    function: &Bound<'py, PyAny>,
    value: Option<&Bound<'py, PyAny>>,
    topic: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let Some(value) = value else {
        return Err(PyTypeError::new_err(
            "key is a function of the value, and a tombstone has none; name its key, as in \
             Message(key=…)",
        ));
    };
    let topic = topic.and_then(|topic| topic.cast().ok());
    call_with(function, (value,), None).map_err(|error| {
        serialization_failed(function.py(), "the key function", "value", topic, value, error)
    })
}

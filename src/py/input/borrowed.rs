//! The short way from a call's arguments to a record, which nearly all messages take: text and
//! bytes as they are, borrowed for as long as the call lasts. Nothing is copied, asked for or kept
//! alive. What is not so simple goes the long way (`arguments.rs`), which would have done the same,
//! and which knows what to complain of.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::arguments::{Argument, Extras};
use super::convert;
use super::settings::Settings;
use crate::client::{Client, Handed};
use crate::producer::{Haste, Who};
use crate::py::base::clock::now_ms;
use crate::py::base::errors::to_python;
use crate::py::waiters::waiter::Waiter;
use crate::record::Record;

/// A message as the core takes it.
pub(crate) struct Borrowed<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: Option<i32>,
    pub(crate) record: Record<'a>,
}

impl<'a> Borrowed<'a> {
    pub(crate) fn of_call(
        settings: &Settings,
        topic: &'a Bound<'_, PyAny>,
        value: Argument<'a, '_>,
        extras: Extras<'a, '_>,
    ) -> Option<Self> {
        let Extras { misplaced: None, key, headers: None, partition, timestamp: None } = extras
        else {
            return None;
        };
        if settings.serializers.are_asked() || settings.partitioner.is_some() {
            return None;
        }
        let topic = text(topic).filter(|topic| !topic.is_empty())?;
        let partition = match partition {
            None => None,
            named => convert::partition(named).ok()?,
        };
        let key = match key {
            None => None,
            Some(key) => Some(bytes(key)?),
        };
        let value = match value {
            None => None,
            Some(value) => Some(bytes(value)?),
        };
        let record = Record { timestamp: now_ms(), key, value, headers: &[] };
        Some(Self { topic, partition, record })
    }

    /// Hands the message over to the core.
    pub(crate) fn hand_over(
        &self,
        py: Python<'_>,
        client: &Client<Waiter>,
        who: impl Who<Waiter>,
        haste: Haste,
    ) -> PyResult<Handed> {
        client
            .produce(self.topic, self.partition, &self.record, who, haste)
            .map_err(|error| to_python(py, &error.topic(&Arc::from(self.topic))))
    }
}

fn text<'a>(object: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    // Lone surrogates have no UTF-8.
    object.cast::<PyString>().ok()?.to_str().ok()
}

fn bytes<'a>(payload: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    match payload.cast::<PyBytes>() {
        Ok(bytes) => Some(bytes.as_bytes()),
        Err(_) => text(payload).map(str::as_bytes),
    }
}

//! The short way from a call's arguments to a record, which nearly all messages take: text and
//! bytes as they are, borrowed for as long as the call lasts. Nothing is copied, asked for or kept
//! alive. What is not so simple goes the long way (`arguments.rs`), which would have done the same,
//! and which knows what to complain of.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::arguments::{Argument, Extras, now_ms};
use super::convert;
use super::errors::to_python;
use super::settings::Settings;
use super::waiter::Waiter;
use crate::client::{Client, Handed};
use crate::producer::Haste;
use crate::record::Record;

/// A message as the core takes it.
pub(super) struct Borrowed<'a> {
    pub(super) topic: &'a str,
    pub(super) partition: Option<i32>,
    pub(super) record: Record<'a>,
}

impl<'a> Borrowed<'a> {
    pub(super) fn of_call(
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
        let partition = convert::partition(partition).ok()?;
        let (key, value) = (bytes(key).ok()?, bytes(value).ok()?);
        let record = Record { timestamp: now_ms(), key, value, headers: &[] };
        Some(Self { topic, partition, record })
    }

    /// Hands the message over to the core.
    pub(super) fn hand_over(
        &self,
        py: Python<'_>,
        client: &Client<Waiter>,
        waiter: Option<Waiter>,
        haste: Haste,
    ) -> PyResult<Handed> {
        client
            .produce(self.topic, self.partition, &self.record, waiter, haste)
            .map_err(|error| to_python(py, &error.topic(&Arc::from(self.topic))))
    }
}

fn text<'a>(object: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    // Lone surrogates have no UTF-8.
    object.cast::<PyString>().ok()?.to_str().ok()
}

/// What has no bytes of its own.
struct Other;

fn bytes<'a>(payload: Argument<'a, '_>) -> Result<Option<&'a [u8]>, Other> {
    let Some(payload) = payload else { return Ok(None) };
    if let Ok(bytes) = payload.cast::<PyBytes>() {
        return Ok(Some(bytes.as_bytes()));
    }
    text(payload).map(|text| Some(text.as_bytes())).ok_or(Other)
}

//! The fast path from a call's arguments to a record, which nearly all messages take: text and
//! bytes are borrowed for the duration of the call, and nothing is copied. Anything else takes the
//! slow path ([`Ready`](super::ready::Ready)), which produces the same record, or the error.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::fields;
use super::outgoing::Outgoing;
use super::parts::{Argument, Extras};
use super::settings::Settings;
use crate::py::base::clock::now_ms;
use crate::record::Record;

/// Returns the record that a call names, or `None` if it needs the slow path.
pub(crate) fn of_call<'a>(
    settings: &Settings,
    topic: &'a Bound<'_, PyAny>,
    value: Argument<'a, '_>,
    extras: Extras<'a, '_>,
) -> Option<Outgoing<'a>> {
    let Extras { misplaced: None, key, headers: None, partition, timestamp: None } = extras else {
        return None;
    };
    if settings.serializers.are_asked() || settings.partitioner.is_some() {
        return None;
    }
    let topic = text(topic).filter(|topic| !topic.is_empty())?;
    let partition = match partition {
        None => None,
        named => fields::partition(named).ok()?,
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
    Some(Outgoing { topic, partition, record })
}

fn text<'a>(object: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    // Lone surrogates cannot be encoded as UTF-8.
    object.cast::<PyString>().ok()?.to_str().ok()
}

fn bytes<'a>(payload: &'a Bound<'_, PyAny>) -> Option<&'a [u8]> {
    match payload.cast::<PyBytes>() {
        Ok(bytes) => Some(bytes.as_bytes()),
        Err(_) => text(payload).map(str::as_bytes),
    }
}

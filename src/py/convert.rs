//! From Python's arguments to a record's bytes. `bytes` and `str` are borrowed, everything
//! else that has bytes is copied once; what has none is refused by the argument's name.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyInt, PyMapping, PyMemoryView, PyString};

use super::imported;
use super::message::Message;

/// A key, a value or a header's value, kept alive while its bytes are read.
pub(super) enum Payload<'py> {
    Null,
    Bytes(Bound<'py, PyBytes>),
    Text(Bound<'py, PyString>),
}

impl<'py> Payload<'py> {
    pub(super) fn new(name: &str, value: Option<&Bound<'py, PyAny>>) -> PyResult<Self> {
        let Some(value) = value else { return Ok(Self::Null) };
        if let Ok(bytes) = value.cast::<PyBytes>() {
            return Ok(Self::Bytes(bytes.clone()));
        }
        if let Ok(text) = value.cast::<PyString>() {
            return Ok(Self::Text(text.clone()));
        }
        let Ok(view) = PyMemoryView::from(value) else {
            let kind = type_name(value);
            if value.is_exact_instance_of::<Message>() {
                return Err(PyTypeError::new_err(format!(
                    "{name} is a Message, which has a topic of its own: hand it over alone, as in \
                     produce(message)"
                )));
            }
            let setting = match name {
                "key" | "value" => format!("choose a {name}_serializer, such as \"json\", or "),
                _ => String::new(),
            };
            return Err(PyTypeError::new_err(format!(
                "{name} must be bytes, str, a buffer such as bytearray, or None, not {kind}; \
                 {setting}encode it first, for example with json.dumps"
            )));
        };
        let bytes = view.call_method0("tobytes")?.cast_into::<PyBytes>()?;
        Ok(Self::Bytes(bytes))
    }

    /// What a serializer returned.
    pub(super) fn of_serializer(name: &str, made: Option<&Bound<'py, PyAny>>) -> PyResult<Self> {
        let Some(made) = made else { return Ok(Self::Null) };
        Self::new(name, Some(made)).map_err(|_| {
            PyTypeError::new_err(format!(
                "{name}_serializer must return bytes, str, a buffer or None, not {}",
                type_name(made)
            ))
        })
    }

    pub(super) fn bytes(&self) -> PyResult<Option<&[u8]>> {
        match self {
            Self::Null => Ok(None),
            Self::Bytes(bytes) => Ok(Some(bytes.as_bytes())),
            // Fails for lone surrogates, which have no UTF-8.
            Self::Text(text) => Ok(Some(text.to_str()?.as_bytes())),
        }
    }
}

/// Headers as they were given, in order.
pub(super) struct Headers<'py> {
    entries: Vec<(Bound<'py, PyString>, Payload<'py>)>,
}

impl<'py> Headers<'py> {
    pub(super) fn new(headers: Option<&Bound<'py, PyAny>>) -> PyResult<Self> {
        let Some(headers) = headers else { return Ok(Self { entries: Vec::new() }) };
        let refuse = |what: &str| {
            Err(PyTypeError::new_err(format!(
                "headers must be a mapping or (name, value) pairs, {what}"
            )))
        };
        let pairs = match headers.cast::<PyMapping>() {
            Ok(mapping) => mapping.items()?.into_any(),
            // Text and bytes are iterable, and never what was meant.
            Err(_) if headers.is_instance_of::<PyString>() => return refuse("not str"),
            Err(_) if headers.is_instance_of::<PyBytes>() => return refuse("not bytes"),
            Err(_) => headers.clone(),
        };
        let Ok(pairs) = pairs.try_iter() else {
            return refuse(&format!("not {}", type_name(headers)));
        };
        let mut entries = Vec::new();
        for pair in pairs {
            let pair = pair?;
            let Ok((name, value)) = pair.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>() else {
                return refuse(&format!("and {} is no pair", pair.repr()?));
            };
            let Ok(name) = name.cast_into::<PyString>() else {
                return refuse(&format!("and the name in {} is no str", pair.repr()?));
            };
            let value = Some(value).filter(|value| !value.is_none());
            let value = Payload::new(&format!("headers[{}]", name.repr()?), value.as_ref())?;
            entries.push((name, value));
        }
        Ok(Self { entries })
    }

    /// Fails where there is text that has no UTF-8.
    pub(super) fn check(&self) -> PyResult<()> {
        self.entries.iter().try_for_each(|(name, value)| {
            name.to_str()?;
            value.bytes().map(drop)
        })
    }

    pub(super) fn bytes(&self) -> PyResult<Vec<crate::record::Header<'_>>> {
        self.entries.iter().map(|(name, value)| Ok((name.to_str()?, value.bytes()?))).collect()
    }
}

/// The topic's name. A `call` that takes it by position says in which order.
pub(super) fn topic<'a, 'py>(
    call: Option<&str>,
    topic: &'a Bound<'py, PyAny>,
) -> PyResult<&'a Bound<'py, PyString>> {
    let Ok(name) = topic.cast::<PyString>() else {
        let kind = type_name(topic);
        let order = call.map(|call| format!(": the order is {call}(topic, value, key=…)"));
        let order = order.unwrap_or_default();
        return Err(PyTypeError::new_err(format!("topic must be str, not {kind}{order}")));
    };
    if name.is_empty()? {
        return Err(PyValueError::new_err("topic is empty; name the topic to produce to"));
    }
    Ok(name)
}

/// A partition's number.
pub(super) fn partition(partition: Option<&Bound<'_, PyAny>>) -> PyResult<Option<i32>> {
    let Some(partition) = partition else { return Ok(None) };
    if !is_int(partition) {
        return Err(PyTypeError::new_err(format!(
            "partition must be int or None, not {}",
            type_name(partition)
        )));
    }
    partition
        .extract()
        .map(Some)
        .map_err(|_| PyValueError::new_err("partition is no number that a partition can have"))
}

/// Milliseconds since 1970, from those or from an aware `datetime`.
pub(super) fn timestamp(timestamp: &Bound<'_, PyAny>) -> PyResult<i64> {
    static DATETIME: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = timestamp.py();
    let milliseconds: i64 = if is_int(timestamp) {
        timestamp
            .extract()
            .map_err(|_| PyValueError::new_err("timestamp does not fit into 64 bits"))?
    } else if timestamp.is_instance(imported(&DATETIME, py, "datetime", "datetime")?)? {
        if timestamp.getattr("tzinfo")?.is_none() {
            return Err(PyValueError::new_err(
                "timestamp is a naive datetime, which is a different instant on every machine; \
                 give it a tzinfo, for example datetime.now(tz=timezone.utc)",
            ));
        }
        milliseconds_of(timestamp)?
    } else {
        return Err(PyTypeError::new_err(format!(
            "timestamp must be milliseconds since 1970 as int, or an aware datetime, not {}",
            type_name(timestamp)
        )));
    };
    if milliseconds < 0 {
        return Err(PyValueError::new_err("timestamp is before 1970, which Kafka refuses"));
    }
    Ok(milliseconds)
}

/// Whole milliseconds since 1970, counted as integers: a float of seconds is not exact enough.
fn milliseconds_of(instant: &Bound<'_, PyAny>) -> PyResult<i64> {
    static EPOCH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static MILLISECOND: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = instant.py();
    let epoch = EPOCH.get_or_try_init(py, || {
        let datetime = py.import("datetime")?;
        let utc = datetime.getattr("timezone")?.getattr("utc")?;
        let epoch = datetime.getattr("datetime")?.call1((1970, 1, 1, 0, 0, 0, 0, utc))?;
        Ok::<_, PyErr>(epoch.unbind())
    })?;
    let millisecond = MILLISECOND.get_or_try_init(py, || {
        let delta = py.import("datetime")?.getattr("timedelta")?;
        Ok::<_, PyErr>(delta.call1((0, 0, 1000))?.unbind())
    })?;
    instant.sub(epoch)?.floor_div(millisecond)?.extract()
}

/// Whether it is an `int` that was meant as one: `True` is an `int` too.
pub(super) fn is_int(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>()
}

pub(super) fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "that".to_owned(), |name| name.to_string())
}

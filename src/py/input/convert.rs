//! From Python's arguments to a record's bytes. `bytes` and `str` are borrowed, everything
//! else that has bytes is copied once, and so are headers that many messages have in common; what
//! has none is refused by the argument's name.

use std::sync::Arc;

use pyo3::exceptions::{PyException, PyTypeError, PyValueError};
use pyo3::ffi::PyObject_CheckBuffer;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyMapping, PyMemoryView, PyString};

use super::message::Message;
use crate::py::base::calls::{call_with, import, iterate, method_with, repr};
use crate::py::base::hang::hang_at_exit;
use crate::py::imported;
use crate::record::Header;

/// A key, a value or a header's value, kept alive while its bytes are read.
pub(crate) enum Payload<'py> {
    Null,
    Bytes(Bound<'py, PyBytes>),
    Text(Bound<'py, PyString>),
}

impl<'py> Payload<'py> {
    pub(crate) fn new(name: &str, value: Option<&Bound<'py, PyAny>>) -> PyResult<Self> {
        let Some(value) = value else { return Ok(Self::Null) };
        Self::borrowed(value).map_or_else(|| Self::copied(name, value), Ok)
    }

    /// What nearly all are: nothing is asked of them.
    pub(crate) fn borrowed(value: &Bound<'py, PyAny>) -> Option<Self> {
        if let Ok(bytes) = value.cast::<PyBytes>() {
            return Some(Self::Bytes(bytes.clone()));
        }
        value.cast::<PyString>().ok().map(|text| Self::Text(text.clone()))
    }

    fn copied(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
        if !has_buffer(value) {
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
        }
        let view = memory_of(name, value)?;
        let bytes = method_with(&view, "tobytes", ())?.cast_into::<PyBytes>()?;
        Ok(Self::Bytes(bytes))
    }

    /// What a serializer returned.
    pub(crate) fn of_serializer(name: &str, made: Option<&Bound<'py, PyAny>>) -> PyResult<Self> {
        let Some(made) = made else { return Ok(Self::Null) };
        if let Some(payload) = Self::borrowed(made) {
            return Ok(payload);
        }
        if !has_buffer(made) {
            return Err(PyTypeError::new_err(format!(
                "{name}_serializer must return bytes, str, a buffer or None, not {}",
                type_name(made)
            )));
        }
        Self::copied(name, made)
    }

    /// Whether its text, if it is text, has UTF-8: lone surrogates have none.
    pub(crate) fn has_utf8(&self) -> bool {
        match self {
            Self::Text(text) => text.to_str().is_ok(),
            Self::Null | Self::Bytes(_) => true,
        }
    }

    /// How many bytes it has, if it has any.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::Bytes(bytes) => bytes.as_bytes().len(),
            Self::Text(text) => text.to_str().map_or(0, str::len),
        }
    }

    pub(crate) fn bytes(&self) -> PyResult<Option<&[u8]>> {
        match self {
            Self::Null => Ok(None),
            Self::Bytes(bytes) => Ok(Some(bytes.as_bytes())),
            // Fails for lone surrogates, which have no UTF-8.
            Self::Text(text) => Ok(Some(text.to_str()?.as_bytes())),
        }
    }
}

/// Whether it says that it has a buffer.
fn has_buffer(value: &Bound<'_, PyAny>) -> bool {
    #[expect(unsafe_code, reason = "PyO3 has no such question")]
    // SAFETY: the interpreter is held, and the object lives.
    unsafe {
        PyObject_CheckBuffer(value.as_ptr()) != 0
    }
}

/// A view of its buffer. What the buffer raises is kept as the cause; what is to end the program
/// goes on.
fn memory_of<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyMemoryView>> {
    let py = value.py();
    hang_at_exit();
    let view = PyMemoryView::from(value).map_err(|error| {
        if !error.is_instance_of::<PyException>(py) {
            return error;
        }
        let what = format!("the buffer of {name} cannot be read: {error}");
        let refused = PyTypeError::new_err(what);
        refused.set_cause(py, Some(error));
        refused
    })?;
    let format = view.getattr(intern!(py, "format"))?;
    // Between colons there are names of fields.
    let mut kinds = format.cast::<PyString>()?.to_str()?.split(':').step_by(2);
    if kinds.any(|kinds| kinds.contains('O')) {
        return Err(PyTypeError::new_err(format!(
            "{name} is a {} of Python objects, whose buffer holds their addresses: choose a \
             {name}_serializer, or encode it first, for example with .tolist() and json.dumps",
            type_name(value)
        )));
    }
    Ok(view)
}

/// Headers, in order.
pub(crate) enum Headers<'py> {
    /// As they were given.
    Own(Vec<(Bound<'py, PyString>, Payload<'py>)>),
    /// Those that many messages have in common.
    Common(Arc<CommonHeaders>),
}

impl<'py> Headers<'py> {
    pub(crate) fn new(headers: Option<&Bound<'py, PyAny>>) -> PyResult<Self> {
        let Some(headers) = headers else { return Ok(Self::Own(Vec::new())) };
        let refuse = |what: &str| {
            Err(PyTypeError::new_err(format!(
                "headers must be a mapping or (name, value) pairs, {what}"
            )))
        };
        let pairs = match (headers.cast_exact::<PyDict>(), headers.cast::<PyMapping>()) {
            (Ok(dict), _) => dict.items().into_any(),
            (_, Ok(mapping)) => mapping.items()?.into_any(),
            // Text and bytes are iterable, and never what was meant.
            _ if headers.is_instance_of::<PyString>() => return refuse("not str"),
            _ if headers.is_instance_of::<PyBytes>() => return refuse("not bytes"),
            _ => headers.clone(),
        };
        let Ok(pairs) = iterate(&pairs) else {
            return refuse(&format!("not {}", type_name(headers)));
        };
        let mut entries = Vec::new();
        for pair in pairs {
            let pair = pair?;
            let Ok((name, value)) = pair.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>() else {
                return refuse(&format!("and {} is no pair", repr(&pair)?));
            };
            let Ok(name) = name.cast_into::<PyString>() else {
                return refuse(&format!("and the name in {} is no str", repr(&pair)?));
            };
            let value = match Payload::borrowed(&value) {
                Some(value) => value,
                None if value.is_none() => Payload::Null,
                None => Payload::copied(&format!("headers[{}]", repr(&name)?), &value)?,
            };
            entries.push((name, value));
        }
        Ok(Self::Own(entries))
    }

    /// Fails where there is text that has no UTF-8.
    pub(crate) fn check(&self) -> PyResult<()> {
        let Self::Own(entries) = self else { return Ok(()) };
        entries.iter().try_for_each(|(name, value)| {
            name.to_str()?;
            value.bytes().map(drop)
        })
    }

    pub(crate) fn bytes(&self) -> PyResult<Vec<Header<'_>>> {
        match self {
            Self::Own(entries) => {
                entries.iter().map(|(name, value)| Ok((name.to_str()?, value.bytes()?))).collect()
            }
            Self::Common(common) => Ok(common.bytes()),
        }
    }
}

/// Headers that were read once, for many messages.
#[derive(Debug)]
pub(crate) struct CommonHeaders(Vec<(String, Option<Vec<u8>>)>);

impl CommonHeaders {
    pub(crate) fn new(headers: &Bound<'_, PyAny>) -> PyResult<Self> {
        let headers = Headers::new(Some(headers))?;
        let owned = |(name, value): Header<'_>| (name.to_owned(), value.map(<[u8]>::to_vec));
        Ok(Self(headers.bytes()?.into_iter().map(owned).collect()))
    }

    pub(crate) fn bytes(&self) -> Vec<Header<'_>> {
        self.0.iter().map(|(name, value)| (&**name, value.as_deref())).collect()
    }
}

/// The topic's name. A `call` that takes it by position says in which order.
pub(crate) fn topic<'a, 'py>(
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
pub(crate) fn partition(partition: Option<&Bound<'_, PyAny>>) -> PyResult<Option<i32>> {
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
pub(crate) fn timestamp(timestamp: &Bound<'_, PyAny>) -> PyResult<i64> {
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
        let datetime = import(py, "datetime")?;
        let utc = datetime.getattr("timezone")?.getattr("utc")?;
        let epoch = call_with(&datetime.getattr("datetime")?, (1970, 1, 1, 0, 0, 0, 0, utc), None)?;
        Ok::<_, PyErr>(epoch.unbind())
    })?;
    let millisecond = MILLISECOND.get_or_try_init(py, || {
        let delta = import(py, "datetime")?.getattr("timedelta")?;
        Ok::<_, PyErr>(call_with(&delta, (0, 0, 1000), None)?.unbind())
    })?;
    instant.sub(epoch)?.floor_div(millisecond)?.extract()
}

/// Whether it is an `int` that was meant as one: `True` is an `int` too.
pub(crate) fn is_int(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>()
}

pub(crate) fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "that".to_owned(), |name| name.to_string())
}

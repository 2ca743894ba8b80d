//! The bytes of keys, values and header values. `bytes` and `str` are borrowed; other buffers are
//! copied once; anything else is refused, and the error names the argument.

use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::ffi::PyObject_CheckBuffer;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView, PyString};

use super::message::Message;
use crate::py::base::calls::method_with;
use crate::py::base::hang::hang_at_exit;
use crate::py::base::objects::type_name;

/// A key, a value or a header value, kept alive while its bytes are read.
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

    /// Returns `bytes` or `str`, which nearly all payloads are. Runs no Python code.
    pub(crate) fn borrowed(value: &Bound<'py, PyAny>) -> Option<Self> {
        if let Ok(bytes) = value.cast::<PyBytes>() {
            return Some(Self::Bytes(bytes.clone()));
        }
        value.cast::<PyString>().ok().map(|text| Self::Text(text.clone()))
    }

    pub(crate) fn copied(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Self> {
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

    /// Checks what a serializer returned.
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

    /// Whether the payload can be encoded: text with lone surrogates has no UTF-8.
    pub(crate) fn has_utf8(&self) -> bool {
        match self {
            Self::Text(text) => text.to_str().is_ok(),
            Self::Null | Self::Bytes(_) => true,
        }
    }

    /// The number of bytes; 0 if there are none.
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
            // Fails for lone surrogates, which cannot be encoded as UTF-8.
            Self::Text(text) => Ok(Some(text.to_str()?.as_bytes())),
        }
    }
}

/// Whether the object supports the buffer protocol.
fn has_buffer(value: &Bound<'_, PyAny>) -> bool {
    #[expect(unsafe_code, reason = "PyO3 has no such question")]
    // SAFETY: the interpreter is held, and the object lives.
    unsafe {
        PyObject_CheckBuffer(value.as_ptr()) != 0
    }
}

/// Returns a view of the object's buffer. An exception of the buffer becomes the cause of the
/// error; `KeyboardInterrupt` and `SystemExit` are returned as they are.
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
    // Field names are between colons.
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

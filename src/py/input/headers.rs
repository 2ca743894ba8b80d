//! The rules for headers: mappings, or pairs of a name and a value, in order.

use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMapping, PyString};

use super::payload::Payload;
use crate::py::base::calls::{iterate, repr};
use crate::py::base::objects::type_name;
use crate::record::Header;

pub(crate) enum Headers<'py> {
    /// The headers of one message.
    Own(Vec<(Bound<'py, PyString>, Payload<'py>)>),
    /// Headers that many messages share.
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
            // Text and bytes are iterable, but never intended here.
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

    /// Fails if a name or a value is text that cannot be encoded as UTF-8.
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

/// Headers that many messages share, read once.
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

type Pair<'py> = (Bound<'py, PyString>, Option<Bound<'py, PyBytes>>);

/// Check headers, and return them as pairs of a name and bytes.
#[pyfunction]
pub(crate) fn read_headers<'py>(
    py: Python<'py>,
    headers: Option<&Bound<'py, PyAny>>,
) -> PyResult<Vec<Pair<'py>>> {
    let Headers::Own(entries) = Headers::new(headers)? else { unreachable!("these are read here") };
    let pair = |(name, value): (Bound<'py, PyString>, Payload<'py>)| {
        Ok((name, value.bytes()?.map(|bytes| PyBytes::new(py, bytes))))
    };
    entries.into_iter().map(pair).collect()
}

//! The items of batch calls: values, pairs, messages, or dicts of a message's fields.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString, PyTuple, PyType};

use super::message::{FIELDS, Message};
use super::parts::Parts;
use super::payload::Payload;
use super::ready::Ready;
use super::template::Template;
use crate::py::base::calls::{call_with, repr};
use crate::py::base::objects::type_name;

/// The meaning of an item that is not a `Message`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Value,
    /// A 2-tuple is a key and a value; anything else is a value.
    Pair,
    /// A dict of a message's fields.
    Fields,
}

impl Shape {
    pub(crate) fn of(name: &str) -> PyResult<Self> {
        match name {
            "value" => Ok(Self::Value),
            "pair" => Ok(Self::Pair),
            "fields" => Ok(Self::Fields),
            _ => Err(PyValueError::new_err("a shape is value, pair or fields")),
        }
    }

    fn call(self) -> &'static str {
        match self {
            Self::Value => "publish_batch",
            Self::Pair | Self::Fields => "produce_all",
        }
    }

    /// Returns the key and the value of an item if it has nothing else, and both have bytes.
    pub(crate) fn plain<'py>(
        self,
        item: &Bound<'py, PyAny>,
    ) -> Option<(Payload<'py>, Payload<'py>)> {
        let part = |part: &Bound<'py, PyAny>| match Payload::borrowed(part) {
            None if part.is_none() => Some(Payload::Null),
            payload => payload.filter(Payload::has_utf8),
        };
        match (self, item.cast_exact::<PyTuple>()) {
            (Self::Pair, Ok(pair)) if pair.len() == 2 => {
                Some((part(&pair.get_item(0).ok()?)?, part(&pair.get_item(1).ok()?)?))
            }
            (Self::Value | Self::Pair, _) => Some((Payload::Null, part(item)?)),
            (Self::Fields, _) => None,
        }
    }

    /// Checks and serializes an item.
    pub(crate) fn ready<'py>(
        self,
        template: &Template,
        item: &Bound<'py, PyAny>,
        now: i64,
    ) -> PyResult<Ready<'py>> {
        let (py, call) = (item.py(), self.call());
        if let Ok(message) = item.cast_exact::<Message>() {
            return template.ready(py, call, Parts::of_message(message), now);
        }
        let given = |part: &Bound<'py, PyAny>| !part.is_none();
        match self {
            Self::Value => {
                let value = Some(item).filter(|item| given(item));
                template.ready(py, call, Parts { value, ..Parts::default() }, now)
            }
            Self::Pair => match item.cast_exact::<PyTuple>() {
                Ok(pair) if pair.len() == 2 => {
                    let (key, value) = (pair.get_item(0)?, pair.get_item(1)?);
                    let key = Some(&key).filter(|key| given(key));
                    let value = Some(&value).filter(|value| given(value));
                    template.ready(py, call, Parts { value, key, ..Parts::default() }, now)
                }
                _ => {
                    let value = Some(item).filter(|item| given(item));
                    template.ready(py, call, Parts { value, ..Parts::default() }, now)
                }
            },
            Self::Fields => {
                let fields = fields_of(item)?;
                let [topic, value, key, headers, partition, timestamp] =
                    fields.each_ref().map(Option::as_ref);
                let parts = Parts { topic, value, key, headers, partition, timestamp };
                template.ready(py, call, parts, now)
            }
        }
    }
}

/// Returns the topic that an item names itself.
pub(crate) fn own_topic<'py>(item: &Bound<'py, PyAny>) -> Option<Bound<'py, PyString>> {
    let topic = match (item.cast_exact::<Message>(), item.cast::<PyDict>()) {
        (Ok(message), _) => Some(message.get().topic.bind(item.py()).clone()),
        (_, Ok(fields)) => fields.get_item(intern!(item.py(), "topic")).ok().flatten(),
        _ => None,
    };
    topic.and_then(|topic| topic.cast_into().ok())
}

/// Returns the entries of a dict, in the order of a message's fields.
fn fields_of<'py>(item: &Bound<'py, PyAny>) -> PyResult<[Option<Bound<'py, PyAny>>; 6]> {
    let dict = match item.cast::<PyDict>() {
        Ok(dict) => Some(dict.clone()),
        Err(_) if item.cast::<PyMapping>().is_ok() => {
            Some(call_with(&PyType::new::<PyDict>(item.py()), (item,), None)?.cast_into()?)
        }
        Err(_) => None,
    };
    let Some(dict) = dict else {
        let kind = type_name(item);
        return Err(PyTypeError::new_err(format!(
            "a message must be a Message, or a dict of its fields, not {kind}; for values, or \
             (key, value) pairs, name the topic first, as in produce_all(topic, items)"
        )));
    };
    let mut fields = [const { None }; 6];
    for (name, value) in dict.iter() {
        let known = name.cast::<PyString>().ok().and_then(|name| {
            FIELDS.iter().position(|field| name.to_str().is_ok_and(|name| name == *field))
        });
        let Some(index) = known else {
            return Err(PyTypeError::new_err(format!(
                "a message has no {}; it has {}",
                repr(&name)?,
                FIELDS.join(", ")
            )));
        };
        fields[index] = Some(value).filter(|value| !value.is_none());
    }
    Ok(fields)
}

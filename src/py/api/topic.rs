//! The class behind topics and publishers: messages that share a topic, a key or other parts.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyGenericAlias, PyList, PyString, PyType};
use pyo3::{PyTraverseError, PyVisit};

use super::aio::{self, AsyncProducerCore};
use super::blocking;
use super::producer::ProducerCore;
use crate::py::base::clock::now_ms;
use crate::py::base::objects::generic_alias;
use crate::py::input::message::Message;
use crate::py::input::parts::{Extras, Parts};
use crate::py::input::ready::Ready;
use crate::py::input::serializers::Serializers;
use crate::py::input::template::{Common, Template};

/// Messages of one producer that share a topic, a key or other parts.
#[pyclass(frozen, subclass, module = "dekaf._core")]
pub(crate) struct TopicCore {
    producer: Py<ProducerCore>,
    is_async: bool,
    template: Template,
}

impl TopicCore {
    /// Checks and serializes a value with its extra arguments, or a `Message`.
    fn ready<'py>(
        &self,
        py: Python<'py>,
        call: &str,
        value: Option<&Bound<'py, PyAny>>,
        extras: Extras<'_, 'py>,
    ) -> PyResult<Ready<'py>> {
        let message = value.and_then(|value| value.cast_exact::<Message>().ok());
        let parts = match message {
            Some(message) => {
                extras.check_alone(call, None)?;
                Parts::of_message(message)
            }
            None => extras.parts(None, value),
        };
        self.template.ready(py, call, parts, now_ms())
    }
}

#[pymethods]
impl TopicCore {
    /// `value_serializer` replaces the producer's own; `is_json` encodes values without bytes as
    /// JSON.
    #[new]
    #[pyo3(signature = (
        producer, topic, *, key=None, headers=None, partition=None, timestamp=None,
        value_serializer=None, is_json=false,
    ))]
    #[expect(clippy::too_many_arguments, reason = "a message's parts, by keyword")]
    fn new(
        producer: &Bound<'_, ProducerCore>,
        topic: Option<&Bound<'_, PyAny>>,
        key: Option<&Bound<'_, PyAny>>,
        headers: Option<&Bound<'_, PyAny>>,
        partition: Option<&Bound<'_, PyAny>>,
        timestamp: Option<&Bound<'_, PyAny>>,
        value_serializer: Option<Py<PyAny>>,
        is_json: bool,
    ) -> PyResult<Self> {
        let own = producer.get().settings.serializers.clone_ref(producer.py());
        let value = value_serializer.or(own.value);
        let serializers = Serializers { key: own.key, value, is_json };
        let common = Common { topic, key, headers, partition, timestamp };
        let template = Template::new(&common, serializers)?;
        let is_async = producer.is_instance_of::<AsyncProducerCore>();
        Ok(Self { producer: producer.clone().unbind(), is_async, template })
    }

    /// The topic's name; `None` if messages name theirs.
    #[getter]
    fn name(&self) -> Option<&Py<PyString>> {
        self.template.topic.as_ref()
    }

    /// Hand one message over and return at once.
    #[pyo3(
        signature = (
            value=None, *,
            key=None, headers=None, partition=None, timestamp=None, on_delivery=None,
        ),
        text_signature = "($self, value=None, *, key=None, headers=None, partition=None, timestamp=None, on_delivery=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "a message's parts, by keyword")]
    fn send<'py>(
        &self,
        py: Python<'py>,
        value: Option<&Bound<'py, PyAny>>,
        key: Option<&Bound<'py, PyAny>>,
        headers: Option<&Bound<'py, PyAny>>,
        partition: Option<&Bound<'py, PyAny>>,
        timestamp: Option<&Bound<'py, PyAny>>,
        on_delivery: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let extras = Extras { misplaced: None, key, headers, partition, timestamp };
        let ready = self.ready(py, "send", value, extras)?;
        self.producer.get().send_ready(py, &ready, on_delivery)
    }

    /// Hand one message over, like the producer's own `produce`: return a future of its metadata,
    /// or wait for it.
    #[pyo3(
        signature = (value=None, *, key=None, headers=None, partition=None, timestamp=None),
        text_signature = "($self, value=None, *, key=None, headers=None, partition=None, timestamp=None)"
    )]
    fn produce<'py>(
        &self,
        py: Python<'py>,
        value: Option<&Bound<'py, PyAny>>,
        key: Option<&Bound<'py, PyAny>>,
        headers: Option<&Bound<'py, PyAny>>,
        partition: Option<&Bound<'py, PyAny>>,
        timestamp: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let extras = Extras { misplaced: None, key, headers, partition, timestamp };
        let ready = self.ready(py, "produce", value, extras)?;
        let core = self.producer.get();
        if self.is_async {
            return aio::produce(py, core, &ready);
        }
        blocking::produce(py, core, &ready)?.into_bound_py_any(py)
    }

    #[classmethod]
    fn __class_getitem__<'py>(
        class: &Bound<'py, PyType>,
        item: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyGenericAlias>> {
        generic_alias(class, item)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.producer)?;
        self.template.traverse(&visit)
    }
}

impl TopicCore {
    pub(crate) fn producer(&self) -> &ProducerCore {
        self.producer.get()
    }

    pub(crate) fn template(&self) -> &Template {
        &self.template
    }
}

/// Hand several messages over and return at once. All of them are checked first: if one cannot be
/// sent, none is.
#[pyfunction]
pub(crate) fn send_all(
    py: Python<'_>,
    topic: &TopicCore,
    items: &Bound<'_, PyList>,
) -> PyResult<()> {
    let extras = Extras::default();
    let ready = items.iter().map(|item| {
        let value = Some(&item).filter(|item| !item.is_none());
        topic.ready(py, "send", value, extras)
    });
    for ready in ready.collect::<PyResult<Vec<_>>>()? {
        topic.producer().send_ready(py, &ready, None)?;
    }
    Ok(())
}

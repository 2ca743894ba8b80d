//! The class behind `dekaf.Producer`. Its results are futures of the running loop.

use std::sync::Arc;

use pyo3::prelude::*;

use super::producer::ProducerCore;
use crate::client::{Client, Handed};
use crate::producer::Haste;
use crate::py::base::calls::method_with;
use crate::py::base::clock::now_ms;
use crate::py::base::generation::Generation;
use crate::py::base::running_loop::needed;
use crate::py::delivery::futures;
use crate::py::delivery::loops::{Awaited, port_of};
use crate::py::delivery::ship::join_turn;
use crate::py::delivery::unsend::Unsend;
use crate::py::input::borrowed;
use crate::py::input::parts::{self, Extras};
use crate::py::input::ready::Ready;
use crate::py::lifecycle::started::Running;
use crate::py::waiters::waiter::Waiter;

/// The base class of `dekaf.Producer`.
#[pyclass(frozen, subclass, extends = ProducerCore, module = "dekaf._core")]
pub(crate) struct AsyncProducerCore;

#[pymethods]
impl AsyncProducerCore {
    #[new]
    fn new(config: Py<PyAny>, settings: &Bound<'_, PyAny>) -> PyResult<PyClassInitializer<Self>> {
        let base = ProducerCore::new(config, settings)?;
        Ok(PyClassInitializer::from(base).add_subclass(Self))
    }

    /// Hand one message over at once. The returned future completes with its metadata.
    #[pyo3(
        signature = (
            topic, value=None, misplaced=None, *,
            key=None, headers=None, partition=None, timestamp=None,
        ),
        text_signature = "($self, topic, value=None, *, key=None, headers=None, partition=None, timestamp=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "a message's parts, by keyword")]
    fn produce<'py>(
        slf: &Bound<'py, Self>,
        topic: &Bound<'py, PyAny>,
        value: Option<&Bound<'py, PyAny>>,
        misplaced: Option<&Bound<'py, PyAny>>,
        key: Option<&Bound<'py, PyAny>>,
        headers: Option<&Bound<'py, PyAny>>,
        partition: Option<&Bound<'py, PyAny>>,
        timestamp: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let core = slf.as_super().get();
        let extras = Extras { misplaced, key, headers, partition, timestamp };
        if let Some(message) = &borrowed::of_call(&core.settings, topic, value, extras) {
            let made = with_future(slf.py(), core, Haste::AtOnce, |client, who, haste| {
                message.hand_over(slf.py(), client, who, haste)
            });
            return made.map(|(future, _)| future);
        }
        let parts = parts::of_call("produce", topic, value, extras)?;
        produce(slf.py(), core, &parts.ready("produce", &core.settings.serializers, now_ms())?)
    }
}

/// Hands one message over. Returns a future of its metadata.
pub(crate) fn produce<'py>(
    py: Python<'py>,
    core: &ProducerCore,
    ready: &Ready<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    hand_over(py, core, ready, Haste::AtOnce).map(|(future, _)| future)
}

/// Hands one message over. Returns a future of its metadata, and whether the message waits for
/// memory.
pub(crate) fn hand_over<'py>(
    py: Python<'py>,
    core: &ProducerCore,
    ready: &Ready<'_>,
    haste: Haste,
) -> PyResult<(Bound<'py, PyAny>, bool)> {
    with_future(py, core, haste, |client, who, haste| {
        ready.hand_over(&core.settings, client, who, haste)
    })
}

/// Hands a message over with a future of the running loop as its waiter.
fn with_future<'py>(
    py: Python<'py>,
    core: &ProducerCore,
    haste: Haste,
    hand_over: impl FnOnce(&Client<Waiter>, Awaited<'_, 'py>, Haste) -> PyResult<Handed>,
) -> PyResult<(Bound<'py, PyAny>, bool)> {
    let loop_ = needed(py, "produce")?;
    let generation = Generation::current();
    core.with_running(py, |Running { client, .. }| {
        let port = port_of(&loop_)?;
        let haste = match haste {
            Haste::AtOnce => join_turn(&port, &loop_, client)?,
            Haste::Lingers | Haste::Together => haste,
        };
        let future = futures::of_loop(&loop_)?;
        let awaited = Awaited { future: &future, port: Arc::clone(&port) };
        generation.check()?;
        let handed = hand_over(client, awaited, haste)?;
        let waits = matches!(handed, Handed::Waits(_));
        match handed {
            Handed::Batched => {}
            Handed::Behind => port.turn().found_others(client.id()),
            Handed::Held(ticket) | Handed::Waits(ticket) => {
                let unsend = Bound::new(py, Unsend::new(client.clone(), ticket))?;
                method_with(&future, "add_done_callback", (unsend,))?;
            }
        }
        Ok((future, waits))
    })
}

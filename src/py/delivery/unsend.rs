//! Cancels a record when its future is cancelled, while the record waits for memory or for its
//! topic.

use pyo3::intern;
use pyo3::prelude::*;

use crate::client::Client;
use crate::producer::Ticket;
use crate::py::base::calls::method;
use crate::py::base::generation::Generation;
use crate::py::waiters::waiter::Waiter;

/// A callback of the future.
#[pyclass(frozen, module = "dekaf._core")]
pub(crate) struct Unsend {
    client: Client<Waiter>,
    ticket: Ticket,
    generation: Generation,
}

impl Unsend {
    pub(crate) fn new(client: Client<Waiter>, ticket: Ticket) -> Self {
        Self { client, ticket, generation: Generation::current() }
    }
}

#[pymethods]
impl Unsend {
    fn __call__(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        let is_ours = self.generation.is_current();
        if is_ours && method(future, intern!(future.py(), "cancelled"), [])?.is_truthy()? {
            // Its waiter is this very future, which is cancelled already.
            drop(self.client.cancel(self.ticket));
        }
        Ok(())
    }
}

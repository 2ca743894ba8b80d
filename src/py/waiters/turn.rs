//! Messages that are awaited one by one, and produced in the same turn of a loop, leave together at
//! its end. Else there would be a request for as many of them as a broker can answer in the
//! meantime, and more work in requests than in messages.
//!
//! A message that is alone does not wait for the turn to end: the first leaves at once, and only
//! who finds others on their way asks the loop to be told. Nobody waits longer than `linger_ms`,
//! however long the turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

use pyo3::intern;
use pyo3::prelude::*;

use super::port::Port;
use super::waiter::Waiter;
use crate::client::Client;
use crate::producer::Haste;
use crate::py::base::calls::method;

/// Messages go one by one, for all that is known.
const APART: u8 = 0;
/// The last one found others on their way.
const BEHIND: u8 = 1;
/// The loop is asked to call [`Ship`].
const TOGETHER: u8 = 2;

/// A loop's turn, as far as messages go. Only the loop's own thread looks at it.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    state: AtomicU8,
    /// Whose messages these are: those of one client at a time.
    client: AtomicUsize,
}

impl Turn {
    /// Takes another message in, and says how soon it is to leave. May ask the loop to be told.
    pub(crate) fn enter(
        port: &Arc<Port>,
        running: &Bound<'_, PyAny>,
        client: &Client<Waiter>,
    ) -> PyResult<Haste> {
        let Self { state, client: whose } = port.turn();
        let is_known = whose.load(Ordering::Relaxed) == client.id();
        match state.load(Ordering::Relaxed) {
            TOGETHER if is_known => Ok(Haste::Together),
            BEHIND if is_known => {
                let py = running.py();
                let ship = Bound::new(py, Ship::new(client, port))?;
                method(running, intern!(py, "call_soon"), [&ship])?;
                state.store(TOGETHER, Ordering::Relaxed);
                Ok(Haste::Together)
            }
            _ => Ok(Haste::AtOnce),
        }
    }

    /// A message found others on their way.
    pub(crate) fn found_others(&self, client: &Client<Waiter>) {
        if self.state.load(Ordering::Relaxed) == APART {
            self.client.store(client.id(), Ordering::Relaxed);
            self.state.store(BEHIND, Ordering::Relaxed);
        }
    }

    /// The loop reads results, and so is in another turn. (Should it have lost what it was asked,
    /// because a signal's handler raised in its place, this is also what mends it.)
    pub(crate) fn results_came(&self) {
        self.state.store(APART, Ordering::Relaxed);
    }
}

/// What the loop calls after a turn that had messages.
#[pyclass(frozen, module = "dekaf._core")]
struct Ship {
    client: Client<Waiter>,
    port: Arc<Port>,
    is_done: AtomicBool,
}

#[pymethods]
impl Ship {
    fn __call__(&self) {
        self.ship();
    }
}

impl Ship {
    fn new(client: &Client<Waiter>, port: &Arc<Port>) -> Self {
        let (client, port) = (client.clone(), Arc::clone(port));
        Self { client, port, is_done: AtomicBool::new(false) }
    }

    fn ship(&self) {
        // A forked child that goes on with its parent's loop has nothing to do with its messages.
        if self.port.is_ours() && !self.is_done.swap(true, Ordering::Relaxed) {
            self.port.turn().state.store(APART, Ordering::Relaxed);
            self.client.ship();
        }
    }
}

impl Drop for Ship {
    fn drop(&mut self) {
        // A loop that is closed calls nobody any more.
        self.ship();
    }
}

//! Sends the messages of one turn of an event loop together: see
//! [`Turn`](crate::py::waiters::turn::Turn).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::intern;
use pyo3::prelude::*;

use crate::client::Client;
use crate::producer::Haste;
use crate::py::base::calls::method;
use crate::py::waiters::port::Port;
use crate::py::waiters::turn::Joins;
use crate::py::waiters::waiter::Waiter;

/// Adds a message to the loop's turn. Returns how soon it must be sent. Asks the loop, if need be,
/// to send the messages when its turn ends.
pub(crate) fn join_turn(
    port: &Arc<Port>,
    running: &Bound<'_, PyAny>,
    client: &Client<Waiter>,
) -> PyResult<Haste> {
    match port.turn().join(client.id()) {
        Joins::Alone => Ok(Haste::AtOnce),
        Joins::Others => Ok(Haste::Together),
        Joins::First => {
            let py = running.py();
            let ship = Bound::new(py, Ship::new(client, port))?;
            method(running, intern!(py, "call_soon"), [&ship])?;
            port.turn().gather();
            Ok(Haste::Together)
        }
    }
}

/// The loop calls this after its turn.
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
        // A forked child that goes on with its parent's loop must not touch the parent's messages.
        if self.port.is_ours() && !self.is_done.swap(true, Ordering::Relaxed) {
            self.port.turn().end();
            self.client.ship();
        }
    }
}

impl Drop for Ship {
    fn drop(&mut self) {
        // A loop that is closed drops its callbacks without calling them.
        self.ship();
    }
}

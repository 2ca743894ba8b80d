//! Waits for `buffer_memory`: a call whose record found the buffer full blocks until the record is
//! admitted, or cancels it.

use std::cell::Cell;
use std::time::Instant;

use pyo3::prelude::*;

use crate::client::{Handed, RoomDeadline};
use crate::error::{Error, ErrorKind};
use crate::producer::Ticket;
use crate::py::base::errors::to_python;
use crate::py::base::generation::Generation;
use crate::py::base::interrupts::wait_interruptibly;
use crate::py::base::running_loop::running;
use crate::py::input::settings::Settings;
use crate::py::lifecycle::started::Running;

/// Blocks if a record that was handed over waits for memory, which is rare.
#[inline]
pub(crate) fn wait_if_full(
    py: Python<'_>,
    settings: &Settings,
    running: &Running,
    handed: &Handed,
) -> PyResult<()> {
    match handed {
        Handed::Waits(ticket) => wait_for_room(py, settings, running, *ticket),
        Handed::Batched | Handed::Behind | Handed::Held(_) => Ok(()),
    }
}

/// Blocks until a record is admitted. In an event loop, `send_block_ms` limits the time without any
/// progress; elsewhere, `max_block_ms` limits the whole wait.
fn wait_for_room(
    py: Python<'_>,
    settings: &Settings,
    Running { client, user_code }: &Running,
    ticket: Ticket,
) -> PyResult<()> {
    let on_loop = running(py)?.is_some();
    let generation = Generation::current();
    let now = Instant::now();
    let deadline = Cell::new(if on_loop {
        RoomDeadline::without_progress(now, settings.send_block, client.progress())
    } else {
        RoomDeadline::fixed(now, settings.max_block)
    });
    let left = || Some(deadline.get().left(Instant::now()));
    let take = |slice| client.wait_admitted(ticket, slice).then_some(());
    let admitted = wait_interruptibly(py, generation, left, take, || {
        // This may be the thread that would call the partitioner.
        let has_placed = user_code.place_records(py)?;
        let mut noted = deadline.get();
        noted.note(Instant::now(), client.progress(), has_placed);
        deadline.set(noted);
        Ok(())
    });
    match admitted {
        Ok(Some(())) => Ok(()),
        // The driver may have admitted it since. Then it cannot be cancelled.
        Ok(None) => match client.cancel(ticket) {
            Some(_unsent) => Err(to_python(py, &no_room(settings, on_loop))),
            None => Ok(()),
        },
        Err(error) => {
            if generation.is_current() {
                drop(client.cancel(ticket));
            }
            Err(error)
        }
    }
}

/// The error of a call whose buffer stayed full.
pub(crate) fn no_room(settings: &Settings, on_loop: bool) -> Error {
    let memory = settings.config.buffer_memory;
    let message = if on_loop {
        format!(
            "buffer_memory={memory} is full, and nothing was acknowledged for \
             send_block_ms={}; await Producer.produce(), which waits without holding the \
             event loop, or see why brokers do not answer",
            settings.send_block.as_millis()
        )
    } else {
        format!(
            "buffer_memory={memory} was full for max_block_ms={}; see why brokers acknowledge \
             so slowly, hand over less at a time, or raise one of them",
            settings.max_block.as_millis()
        )
    };
    Error::new(ErrorKind::BufferFull, message)
}

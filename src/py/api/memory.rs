//! Waits for `buffer_memory`: a call whose record found the buffer full blocks until the record is
//! admitted, or cancels it. This file owns how long a caller may be blocked, and the error that
//! says that the buffer stayed full.

use std::time::Instant;

use pyo3::prelude::*;

use crate::client::Handed;
use crate::error::{Error, ErrorKind};
use crate::producer::Ticket;
use crate::py::base::calls::detached;
use crate::py::base::errors::to_python;
use crate::py::delivery::loops;
use crate::py::input::settings::Settings;
use crate::py::lifecycle::process;
use crate::py::lifecycle::started::Running;
use crate::py::waiters::answer::SIGNAL_CHECK;

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
    Running { client, voice }: &Running,
    ticket: Ticket,
) -> PyResult<()> {
    let on_loop = loops::running(py)?.is_some();
    let limit = if on_loop { settings.send_block } else { settings.max_block };
    let generation = process::generation();
    let mut until = Instant::now() + limit;
    let mut progress = client.progress();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if detached(py, || client.wait_admitted(ticket, left.min(SIGNAL_CHECK))) {
            return Ok(());
        }
        let interrupted = py.check_signals();
        process::check_not_forked(generation)?;
        if let Err(interrupt) = interrupted {
            drop(client.cancel(ticket));
            return Err(interrupt);
        }
        // The partitioner may have to be called by this thread.
        let placed = voice.place_records(py);
        if placed.is_err() && process::generation() == generation {
            drop(client.cancel(ticket));
        }
        let has_placed = placed?;
        let now = client.progress();
        if on_loop && (now != progress || has_placed) {
            progress = now;
            until = Instant::now() + limit;
        } else if Instant::now() >= until {
            // The driver may have admitted it since; then it cannot be cancelled.
            return match client.cancel(ticket) {
                Some(_unsent) => Err(to_python(py, &no_room(settings, on_loop))),
                None => Ok(()),
            };
        }
    }
}

/// The error that says that the buffer stayed full.
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

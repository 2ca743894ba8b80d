//! The boundary to `CPython`, and the only room that knows `PyO3`. Functions here extract arguments,
//! call the core, and wrap what it returns. Decisions are made in the core or in Python.
//!
//! The rooms, each of which may use those before it: `base` (Python itself), `input` (from arguments
//! to records), `waiters` (data that the core fills), `delivery` (from results to Python),
//! `lifecycle` (start, fork, exit), `api` (what Python sees).
//!
//! No core thread ever attaches to the interpreter. Results wait in a [port](waiters::port) until
//! the event loop fetches them, or the [dispatcher](delivery::dispatcher), a thread of Python. So
//! nothing of the core runs Python while the interpreter ends.

mod base;

mod input;

mod waiters;

mod delivery;

mod lifecycle;

mod api;

use pyo3::prelude::*;

/// The compiled core of dekaf. Import from `dekaf`.
///
/// This is a function, not a `mod` with exports: those exist before anything can be refused, and the
/// classes that a subinterpreter creates would replace those of the main interpreter.
#[pymodule(gil_used = true)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    use self::api::{
        aio, aio_calls, batch, blocking, blocking_calls, broker, inspect, producer, results, topic,
    };
    use self::base::upcalls;
    use self::input::{headers, message, metadata, settings};
    use self::lifecycle::{c_exit, fork, process};

    process::check_interpreter()?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<aio::AsyncProducerCore>()?;
    module.add_class::<batch::BatchCall>()?;
    module.add_class::<blocking::SyncProducerCore>()?;
    module.add_class::<broker::BrokerCore>()?;
    module.add_class::<message::Message>()?;
    module.add_class::<metadata::RecordMetadata>()?;
    module.add_class::<producer::ProducerCore>()?;
    module.add_class::<results::BatchResultCore>()?;
    module.add_class::<results::CallOutcome>()?;
    module.add_class::<topic::TopicCore>()?;
    for function in [
        wrap_pyfunction!(upcalls::install, module)?,
        wrap_pyfunction!(process::drain, module)?,
        wrap_pyfunction!(settings::check_settings, module)?,
        wrap_pyfunction!(headers::read_headers, module)?,
        wrap_pyfunction!(inspect::purge, module)?,
        wrap_pyfunction!(inspect::metrics, module)?,
        wrap_pyfunction!(inspect::take_unclaimed, module)?,
        wrap_pyfunction!(inspect::leaders, module)?,
        wrap_pyfunction!(inspect::described_cluster, module)?,
        wrap_pyfunction!(inspect::unsettled_before, module)?,
        wrap_pyfunction!(inspect::producer_id, module)?,
        wrap_pyfunction!(inspect::drop_functions, module)?,
        wrap_pyfunction!(aio_calls::send_with_future, module)?,
        wrap_pyfunction!(aio_calls::connect_async, module)?,
        wrap_pyfunction!(aio_calls::ping_async, module)?,
        wrap_pyfunction!(aio_calls::describe_cluster_async, module)?,
        wrap_pyfunction!(aio_calls::locate_async, module)?,
        wrap_pyfunction!(aio_calls::locate_for_messages_async, module)?,
        wrap_pyfunction!(aio_calls::flush_async, module)?,
        wrap_pyfunction!(aio_calls::close_async, module)?,
        wrap_pyfunction!(blocking_calls::connect_blocking, module)?,
        wrap_pyfunction!(blocking_calls::ping_blocking, module)?,
        wrap_pyfunction!(blocking_calls::describe_cluster_blocking, module)?,
        wrap_pyfunction!(blocking_calls::locate_blocking, module)?,
        wrap_pyfunction!(blocking_calls::locate_for_messages_blocking, module)?,
        wrap_pyfunction!(blocking_calls::flush_blocking, module)?,
        wrap_pyfunction!(blocking_calls::close_blocking, module)?,
        wrap_pyfunction!(topic::send_all, module)?,
        wrap_pyfunction!(batch::batch_call, module)?,
        wrap_pyfunction!(results::failed_indices, module)?,
        wrap_pyfunction!(results::make_exceptions, module)?,
    ] {
        module.add_function(function)?;
    }
    fork::install()?;
    c_exit::install();
    Ok(())
}

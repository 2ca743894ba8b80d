//! The boundary to `CPython`, and the only place that knows `PyO3`. Functions here extract
//! arguments, call the core, and wrap what it gives; they decide nothing.
//!
//! No thread of the core ever attaches to the interpreter. Results wait in a [`port`] until the
//! event loop fetches them, or the [`dispatcher`], a thread of Python's own; so nothing of ours
//! can run while the interpreter ends.

mod base;

mod input;

mod waiters;

mod delivery;

mod lifecycle;

mod api;

use pyo3::prelude::*;

use self::api::{aio, batch, blocking, broker, producer, results, topic};
use self::base::calls::{call_with, import};
use self::input::{message, metadata, settings};
use self::lifecycle::{c_exit, fork, process};

/// dekaf's core: what `dekaf` is built on. Import from there.
///
/// A function, and no `mod` with exports: those are there before anything can be refused, and the
/// classes that a subinterpreter makes would be those of the main one, too.
#[pymodule(gil_used = true)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    process::check_interpreter()?;
    module.add_class::<aio::AsyncProducerCore>()?;
    module.add_class::<batch::BatchCall>()?;
    module.add_class::<blocking::SyncProducerCore>()?;
    module.add_class::<broker::BrokerCore>()?;
    module.add_class::<message::Message>()?;
    module.add_class::<metadata::RecordMetadata>()?;
    module.add_class::<producer::ProducerCore>()?;
    module.add_class::<results::BatchResultCore>()?;
    module.add_class::<topic::TopicCore>()?;
    module.add_function(wrap_pyfunction!(settings::check_config, module)?)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    fork::install()?;
    c_exit::install();
    process::install(module.py())
}

/// `Class[…]`, for classes that are generic to type checkers alone.
fn generic<'py>(
    class: &Bound<'py, pyo3::types::PyType>,
    item: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    call_with(&import(class.py(), "types")?.getattr("GenericAlias")?, (class, item), None)
}

/// An attribute of a Python module, looked up once.
fn imported<'py>(
    cell: &'static pyo3::sync::PyOnceLock<Py<PyAny>>,
    py: Python<'py>,
    module: &str,
    name: &str,
) -> PyResult<&'py Bound<'py, PyAny>> {
    let found =
        cell.get_or_try_init(py, || Ok::<_, PyErr>(import(py, module)?.getattr(name)?.unbind()));
    found.map(|object| object.bind(py))
}

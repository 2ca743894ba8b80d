//! The boundary to `CPython`, and the only place that knows `PyO3`. Functions here extract
//! arguments, call the core, and wrap what it gives; they decide nothing.
//!
//! No thread of the core ever attaches to the interpreter. Results wait in a [`port`] until the
//! event loop fetches them, or the [`dispatcher`], a thread of Python's own; so nothing of ours
//! can run while the interpreter ends.

mod aio;
mod answer;
mod arguments;
mod batch;
mod blocking;
mod borrowed;
mod broker;
mod callbacks;
mod calls;
mod clock;
mod cluster;
mod context;
mod convert;
mod dispatcher;
mod errors;
mod fates;
mod fork;
mod futures;
mod group;
mod hang;
mod items;
mod loops;
mod message;
mod metadata;
mod metrics;
mod named;
mod outlet;
mod port;
mod process;
mod producer;
mod results;
mod row;
mod serializers;
mod settings;
mod started;
mod tell;
mod template;
mod topic;
mod turn;
mod voice;
mod waiter;
mod wakes;
mod whole;

use pyo3::prelude::*;

use self::calls::{call_with, import};

/// dekaf's core: what `dekaf` is built on. Import from there.
#[pymodule(gil_used = true)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::aio::AsyncProducerCore;
    #[pymodule_export]
    use super::batch::BatchCall;
    #[pymodule_export]
    use super::blocking::SyncProducerCore;
    #[pymodule_export]
    use super::broker::BrokerCore;
    #[pymodule_export]
    use super::message::Message;
    #[pymodule_export]
    use super::metadata::RecordMetadata;
    #[pymodule_export]
    use super::producer::ProducerCore;
    #[pymodule_export]
    use super::results::BatchResultCore;
    #[pymodule_export]
    use super::settings::check_config;
    #[pymodule_export]
    use super::topic::TopicCore;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::process::check_interpreter()?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        super::fork::install()?;
        super::process::install(module.py())
    }
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

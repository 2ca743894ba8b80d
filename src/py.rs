//! The boundary to `CPython`, and the only place that knows `PyO3`. Functions here extract
//! arguments, call the core, and wrap what it gives; they decide nothing.
//!
//! No thread of the core ever attaches to the interpreter. Results wait in a [`port`] until
//! the event loop fetches them, so nothing of ours can run while the interpreter ends.

mod broker;
mod convert;
mod errors;
mod metadata;
mod port;
mod process;
mod producer;
mod settings;
mod sink;

use pyo3::prelude::*;

/// dekaf's core: what `dekaf` is built on. Import from there.
#[pymodule(gil_used = true)]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::broker::BrokerCore;
    #[pymodule_export]
    use super::metadata::RecordMetadata;
    #[pymodule_export]
    use super::producer::ProducerCore;
    #[pymodule_export]
    use super::settings::check_config;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        super::process::install(module.py())
    }
}

/// An attribute of a Python module, looked up once.
fn imported<'py>(
    cell: &'static pyo3::sync::PyOnceLock<Py<PyAny>>,
    py: Python<'py>,
    module: &str,
    name: &str,
) -> PyResult<&'py Bound<'py, PyAny>> {
    let found =
        cell.get_or_try_init(py, || Ok::<_, PyErr>(py.import(module)?.getattr(name)?.unbind()));
    found.map(|object| object.bind(py))
}

//! The context variables of a call that names a callback.

use std::sync::OnceLock;

use pyo3::intern;
use pyo3::prelude::*;

use super::calls::{call_alone, iterate, method};
use super::upcalls::upcalls;

/// Contexts with more variables are never compared: it would take as long as it saves.
const MOST: usize = 8;

/// A copy of a call's context. Nothing runs in it, so it never changes.
#[derive(Debug)]
pub(crate) struct Context {
    copy: Py<PyAny>,
    /// The variables, read at the first comparison.
    variables: OnceLock<Vec<(Py<PyAny>, Py<PyAny>)>>,
}

impl Context {
    pub(crate) fn new(copy: Bound<'_, PyAny>) -> Self {
        Self { copy: copy.unbind(), variables: OnceLock::new() }
    }

    /// Copies the current context.
    pub(crate) fn current(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        call_alone(upcalls(py)?.copy_context.bind(py))
    }

    /// Returns a copy in which a callback may run.
    pub(crate) fn fresh<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        method(self.copy.bind(py), intern!(py, "copy"), [])
    }

    /// Whether another context has the same variables with identical values.
    pub(crate) fn is_in(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let count = other.len()?;
        if count > MOST {
            return Ok(false);
        }
        let variables = self.variables(other.py())?;
        if variables.len() != count {
            return Ok(false);
        }
        for (variable, value) in variables {
            match other.get_item(variable) {
                Ok(found) if found.is(value) => {}
                // The value differs, or the variable is missing.
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    fn variables(&self, py: Python<'_>) -> PyResult<&[(Py<PyAny>, Py<PyAny>)]> {
        if let Some(variables) = self.variables.get() {
            return Ok(variables);
        }
        let items = method(self.copy.bind(py), intern!(py, "items"), [])?;
        let variables = iterate(&items)?.map(|item| item?.extract());
        let variables = variables.collect::<PyResult<Vec<_>>>()?;
        Ok(self.variables.get_or_init(|| variables))
    }
}

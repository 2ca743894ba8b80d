//! The context variables that a call sees, for the callbacks that it names.

use std::sync::OnceLock;

use pyo3::intern;
use pyo3::prelude::*;

use super::calls::{call_alone, iterate, method};
use super::upcalls::upcalls;

/// A context of more variables than this is the same as no other: to look at each takes as long as
/// what it would save.
const MOST: usize = 8;

/// A copy of a call's context. Nothing is ever run in it, so it stays what it was.
#[derive(Debug)]
pub(crate) struct Context {
    copy: Py<PyAny>,
    /// What it holds, once that was asked for.
    variables: OnceLock<Vec<(Py<PyAny>, Py<PyAny>)>>,
}

impl Context {
    pub(crate) fn new(copy: Bound<'_, PyAny>) -> Self {
        Self { copy: copy.unbind(), variables: OnceLock::new() }
    }

    /// A copy of the context of now.
    pub(crate) fn current(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        call_alone(upcalls(py)?.copy_context.bind(py))
    }

    /// One to run something in.
    pub(crate) fn fresh<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        method(self.copy.bind(py), intern!(py, "copy"), [])
    }

    /// Whether the variables in there are the same, with the very same values.
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
                // It has another value, or there is another variable instead.
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

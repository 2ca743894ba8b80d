//! From Python's `Security` to the core's: `Security._core()` returns plain values, and functions
//! that say passwords.

use std::path::PathBuf;

use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::{PyKeyboardInterrupt, PySystemExit, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::calls::{call_alone, method_with};
use super::convert::type_name;
use crate::config::{
    Identity, Mechanism, Password, Pem, Sasl, Secret, Security, Tls, TlsVersion, Trust,
    Verification,
};
use crate::net::PasswordOf;

/// Functions that say passwords.
#[derive(Debug, Default)]
pub(super) struct PasswordFunctions {
    pub(super) user: Option<Py<PyAny>>,
    pub(super) key: Option<Py<PyAny>>,
}

impl PasswordFunctions {
    pub(super) fn clone_ref(&self, py: Python<'_>) -> Self {
        let clone = |function: &Option<Py<PyAny>>| function.as_ref().map(|it| it.clone_ref(py));
        Self { user: clone(&self.user), key: clone(&self.key) }
    }

    pub(super) fn all(&self) -> [&Option<Py<PyAny>>; 2] {
        [&self.user, &self.key]
    }

    pub(super) fn of(&self, which: PasswordOf) -> Option<&Py<PyAny>> {
        match which {
            PasswordOf::User => self.user.as_ref(),
            PasswordOf::Key => self.key.as_ref(),
        }
    }
}

/// Reads a `Security`, or `None`.
pub(super) fn security(given: &Bound<'_, PyAny>) -> PyResult<(Security, PasswordFunctions)> {
    let mut functions = PasswordFunctions::default();
    if given.is_none() {
        return Ok((Security::default(), functions));
    }
    let values = method_with(given, "_core", ())?;
    let tls = optional(&values, "tls")?;
    let tls = tls.map(|tls| read_tls(&tls, &mut functions.key)).transpose()?;
    let sasl = optional(&values, "sasl")?;
    let sasl = sasl.map(|sasl| read_sasl(&sasl, &mut functions.user)).transpose()?;
    Ok((Security { tls, sasl }, functions))
}

fn read_tls(values: &Bound<'_, PyAny>, function: &mut Option<Py<PyAny>>) -> PyResult<Tls> {
    let trust = match optional(values, "trust")? {
        Some(trust) => Trust::Only(pem(&trust)?),
        None => Trust::System,
    };
    let identity = match optional(values, "certificate")? {
        Some(certificate) => Some(Identity {
            certificate: pem(&certificate)?,
            key: optional(values, "key")?.map(|key| pem(&key)).transpose()?,
            key_password: optional(values, "key_password")?
                .map(|given| password(&given, function))
                .transpose()?,
        }),
        None => None,
    };
    let verification = match get::<String>(values, "verification")?.as_str() {
        "full" => Verification::Full,
        "without_hostname" => Verification::WithoutHostname,
        "nothing" => Verification::Nothing,
        other => return Err(unknown("verification", other)),
    };
    let min_version = match get::<String>(values, "min_version")?.as_str() {
        "1.2" => TlsVersion::V1_2,
        "1.3" => TlsVersion::V1_3,
        other => return Err(unknown("min_version", other)),
    };
    Ok(Tls {
        trust,
        identity,
        server_name: get(values, "server_name")?,
        verification,
        min_version,
        key_log: get::<Option<PathBuf>>(values, "key_log")?,
    })
}

fn read_sasl(values: &Bound<'_, PyAny>, function: &mut Option<Py<PyAny>>) -> PyResult<Sasl> {
    let name: String = get(values, "mechanism")?;
    let mechanism = match name.as_str() {
        "SCRAM" => Mechanism::Scram,
        name => Mechanism::from_name(name).ok_or_else(|| unknown("mechanism", name))?,
    };
    Ok(Sasl {
        mechanism,
        user: get(values, "user")?,
        password: password(&values.get_item("password")?, function)?,
        is_token: get(values, "is_token")?,
    })
}

/// `("path", path)` or `("text", text)`.
fn pem(given: &Bound<'_, PyAny>) -> PyResult<Pem> {
    match given.extract::<(String, String)>()? {
        (kind, path) if kind == "path" => Ok(Pem::Path(path.into())),
        (kind, text) if kind == "text" => Ok(Pem::Text(Secret::new(text))),
        (kind, _) => Err(unknown("PEM", &kind)),
    }
}

/// `("text", text)`, `("file", path)` or `("call", function)`.
fn password(given: &Bound<'_, PyAny>, function: &mut Option<Py<PyAny>>) -> PyResult<Password> {
    let (kind, value) = given.extract::<(String, Bound<'_, PyAny>)>()?;
    match kind.as_str() {
        "text" => Ok(Password::Text(Secret::new(value.extract()?))),
        "file" => Ok(Password::File(value.extract()?)),
        "call" => {
            *function = Some(value.unbind());
            Ok(Password::Asked)
        }
        kind => Err(unknown("password", kind)),
    }
}

fn optional<'py>(values: &Bound<'py, PyAny>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    values.get_item(name).map(|value| (!value.is_none()).then_some(value))
}

fn get<'py, T: FromPyObjectOwned<'py>>(values: &Bound<'py, PyAny>, name: &str) -> PyResult<T> {
    values.get_item(name)?.extract().map_err(Into::into)
}

fn unknown(what: &str, value: &str) -> PyErr {
    PyValueError::new_err(format!("{what}: \"{value}\" is not known"))
}

/// Calls a function that returns a password. The error names the type of what the function raised
/// and the line it came from, never its text or repr, which may hold the secret. What is meant to
/// end the program is returned as well, without text and traceback.
pub(super) fn ask(function: &Bound<'_, PyAny>) -> (Result<Secret, String>, Option<PyErr>) {
    let error = match call_alone(function) {
        Ok(said) => return (returned(&said), None),
        Err(error) => error,
    };
    let py = function.py();
    let kind = type_name(error.value(py));
    let place = line_of(py, &error).map(|line| format!(" at {line}")).unwrap_or_default();
    let why = format!(
        "the function raised {kind}{place}; its text is left out, as it may hold the secret: catch \
         and log it in the function"
    );
    (Err(why), ending(py, &error))
}

/// A new exception in place of one that is meant to end the program: `SystemExit` and
/// `KeyboardInterrupt` are printed where they arrive, with their causes.
fn ending(py: Python<'_>, error: &PyErr) -> Option<PyErr> {
    if error.is_instance_of::<PyKeyboardInterrupt>(py) {
        return Some(PyKeyboardInterrupt::new_err(()));
    }
    let is_exit = error.is_instance_of::<PySystemExit>(py);
    is_exit.then(|| {
        let code = error.value(py).getattr("code").and_then(|code| code.extract::<Option<i32>>());
        PySystemExit::new_err(code.unwrap_or(Some(1)))
    })
}

/// What a function returned, if it can be a password.
fn returned(said: &Bound<'_, PyAny>) -> Result<Secret, String> {
    let Ok(text) = said.cast::<PyString>() else {
        return Err(format!("the function must return str, not {}", type_name(said)));
    };
    match text.to_str() {
        Ok("") => Err("the function returned an empty text".to_owned()),
        Ok(text) => Ok(Secret::new(text.to_owned())),
        Err(_) => Err("the function returned text that has no UTF-8".to_owned()),
    }
}

/// The line of the function that failed, as `app.py:12`. What is not written in Python has none.
fn line_of(py: Python<'_>, error: &PyErr) -> Option<String> {
    let traceback = error.traceback(py)?;
    let code = traceback.getattr("tb_frame").ok()?.getattr("f_code").ok()?;
    let file: String = code.getattr("co_filename").ok()?.extract().ok()?;
    let line: usize = traceback.getattr("tb_lineno").ok()?.extract().ok()?;
    Some(format!("{file}:{line}"))
}

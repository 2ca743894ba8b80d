//! From Python's `Security` to the core's: `Security._core()` returns plain values, and functions
//! that say passwords.

use std::path::PathBuf;

use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::{PyException, PyTypeError, PyValueError};
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

/// Calls a function that says a password. What it raises becomes the text of the error; what is
/// meant to end the program goes on as well.
pub(super) fn ask(function: &Bound<'_, PyAny>) -> (Result<Secret, String>, Option<PyErr>) {
    let py = function.py();
    let asked = call_alone(function).and_then(|said| match said.cast::<PyString>() {
        Ok(text) if text.len()? > 0 => Ok(Secret::new(text.to_str()?.to_owned())),
        Ok(_) => Err(PyValueError::new_err("it returned an empty text")),
        Err(_) => {
            let kind = type_name(&said);
            Err(PyTypeError::new_err(format!("it must return str, not {kind}")))
        }
    });
    match asked {
        Ok(secret) => (Ok(secret), None),
        Err(error) => {
            let why = format!("the function failed: {error}");
            let ends_program = !error.is_instance_of::<PyException>(py);
            (Err(why), ends_program.then_some(error))
        }
    }
}

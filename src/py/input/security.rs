//! Reads the plain values of a `Security`, and the functions that provide its passwords, tokens and
//! PEM.

use std::path::PathBuf;

use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::providers::Providers;
use crate::config::{
    BearerLogin, Identity, Mechanism, Password, PasswordLogin, Pem, Sasl, Secret, Security, Tls,
    TlsVersion, Trust, Verification,
};

/// Reads the values of a `Security`, if one is given.
pub(crate) fn security(values: Option<&Bound<'_, PyAny>>) -> PyResult<(Security, Providers)> {
    let mut providers = Providers::default();
    let Some(values) = values else { return Ok((Security::default(), providers)) };
    let tls = optional(values, "tls")?;
    let tls = tls.map(|tls| read_tls(&tls, &mut providers)).transpose()?;
    let sasl = optional(values, "sasl")?;
    let sasl = sasl.map(|sasl| read_sasl(&sasl, &mut providers)).transpose()?;
    Ok((Security { tls, sasl }, providers))
}

fn read_tls(values: &Bound<'_, PyAny>, providers: &mut Providers) -> PyResult<Tls> {
    let trust = match optional(values, "trust")? {
        Some(trust) => Trust::Only(pem(&trust, &mut providers.authorities)?),
        None => Trust::System,
    };
    let identity = match optional(values, "certificate")? {
        Some(certificate) => Some(Identity {
            certificate: pem(&certificate, &mut providers.certificate)?,
            key: optional(values, "key")?
                .map(|key| pem(&key, &mut providers.private_key))
                .transpose()?,
            key_password: optional(values, "key_password")?
                .map(|given| password(&given, &mut providers.key))
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

fn read_sasl(values: &Bound<'_, PyAny>, providers: &mut Providers) -> PyResult<Sasl> {
    let name: String = get(values, "mechanism")?;
    let mechanism = match name.as_str() {
        "OAUTHBEARER" => {
            providers.token = Some(values.get_item("provider")?.unbind());
            providers.is_token_of_loop = get(values, "is_async")?;
            return Ok(Sasl::Bearer(BearerLogin { extensions: get(values, "extensions")? }));
        }
        "SCRAM" => Mechanism::Scram,
        name => Mechanism::from_name(name).ok_or_else(|| unknown("mechanism", name))?,
    };
    Ok(Sasl::Password(PasswordLogin {
        mechanism,
        user: get(values, "user")?,
        password: password(&values.get_item("password")?, &mut providers.user)?,
        is_token: get(values, "is_token")?,
    }))
}

/// Reads `("path", path)`, `("text", text)` or `("call", (path or None, function))`.
fn pem(given: &Bound<'_, PyAny>, function: &mut Option<Py<PyAny>>) -> PyResult<Pem> {
    let (kind, value) = given.extract::<(String, Bound<'_, PyAny>)>()?;
    match kind.as_str() {
        "path" => Ok(Pem::Path(value.extract()?)),
        "text" => Ok(Pem::text(value.extract()?)),
        "call" => {
            let (path, conversion) = value.extract::<(Option<PathBuf>, Py<PyAny>)>()?;
            *function = Some(conversion);
            Ok(Pem::Asked(path))
        }
        kind => Err(unknown("PEM", kind)),
    }
}

/// Reads `("text", text)`, `("file", path)` or `("call", function)`.
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

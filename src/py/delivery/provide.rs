//! Has a provider answer the core's request for a password, a token or PEM.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pyo3::exceptions::{PyKeyboardInterrupt, PySystemExit};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::config::Secret;
use crate::net::{NotProvided, ProgramRequest, Reply};
use crate::py::base::calls::{call_alone, call_with};
use crate::py::base::generation::Generation;
use crate::py::base::objects::type_name;
use crate::py::base::upcalls::upcalls;
use crate::sasl::Token;

/// Has the provider answer a request, now or later. Without a provider, the request fails: the
/// producer was dropped. `KeyboardInterrupt` and `SystemExit` are returned. If the provider forks,
/// the request is left to the parent.
pub(crate) fn provide(
    py: Python<'_>,
    provider: Option<&Bound<'_, PyAny>>,
    request: ProgramRequest,
    is_ours: impl Fn() -> bool,
) -> PyResult<()> {
    let gone = || NotProvided::new("it was dropped together with the producer");
    match (request, provider) {
        (ProgramRequest::Password(_, reply) | ProgramRequest::Pem(_, reply), None) => {
            reply.answer(Err(gone()));
        }
        (ProgramRequest::Token(reply), None) => reply.answer(Err(gone())),
        (ProgramRequest::Password(_, reply), Some(function)) => {
            return answer(reply, ask(function, password), is_ours);
        }
        (ProgramRequest::Pem(_, reply), Some(function)) => {
            return answer(reply, ask(function, pem), is_ours);
        }
        (ProgramRequest::Token(reply), Some(provider)) => {
            let reply = Bound::new(py, TokenReply::new(reply))?;
            let ask = upcalls(py)?.ask_for_token.bind(py);
            let asked = call_with(ask, (provider, &reply), None);
            if let Err(error) = &asked {
                let kind = type_name(error.value(py));
                reply.get().refuse(format!("the provider was not asked: {kind} was raised"), true);
            }
            return asked.map(drop);
        }
    }
    Ok(())
}

/// Answers a request with what a function returned. Returns `KeyboardInterrupt` and `SystemExit`.
fn answer(
    reply: Reply<Secret>,
    (said, ends_program): (Result<Secret, NotProvided>, Option<PyErr>),
    is_ours: impl Fn() -> bool,
) -> PyResult<()> {
    if is_ours() {
        reply.answer(said);
    } else {
        std::mem::forget(reply);
    }
    ends_program.map_or(Ok(()), Err)
}

/// The object through which Python answers a request for a token.
#[pyclass(frozen, module = "dekaf._core")]
struct TokenReply {
    generation: Generation,
    reply: Mutex<Option<Reply<Token>>>,
}

#[pymethods]
impl TokenReply {
    /// Provide a token.
    fn token(&self, value: String, expires_at: Option<f64>, extensions: Vec<(String, String)>) {
        let value = Secret::new(value);
        let answer = match expires_at.map(|seconds| time(seconds).ok_or(seconds)).transpose() {
            Ok(expires_at) => Ok(Token { value, expires_at, extensions }),
            Err(seconds) => {
                Err(NotProvided::new(format!("{seconds} is no time at which a token can expire")))
            }
        };
        self.answer(answer);
    }

    /// Say why there is no token. A transient reason may go away without a change of settings.
    #[pyo3(signature = (why, is_transient=false))]
    fn refuse(&self, why: String, is_transient: bool) {
        self.answer(Err(NotProvided { why, is_transient }));
    }
}

impl TokenReply {
    fn new(reply: Reply<Token>) -> Self {
        Self { generation: Generation::current(), reply: Mutex::new(Some(reply)) }
    }

    /// Only the first answer counts.
    fn answer(&self, answer: Result<Token, NotProvided>) {
        if let Some(reply) = self.take() {
            reply.answer(answer);
        }
    }

    /// Takes the reply. In a forked child it belongs to the parent.
    fn take(&self) -> Option<Reply<Token>> {
        let reply = self.reply.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        if self.generation.is_current() {
            return Some(reply);
        }
        std::mem::forget(reply);
        None
    }
}

impl Drop for TokenReply {
    fn drop(&mut self) {
        drop(self.take());
    }
}

fn time(seconds: f64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
}

/// Calls a function, and reads the secret that it returns. The error names the type of the
/// exception and its line, never its text or repr, which may hold the secret. `KeyboardInterrupt`
/// and `SystemExit` are returned as well, without text and traceback.
fn ask(
    function: &Bound<'_, PyAny>,
    read: impl Fn(&Bound<'_, PyAny>) -> Result<Secret, String>,
) -> (Result<Secret, NotProvided>, Option<PyErr>) {
    let error = match call_alone(function) {
        Ok(said) => return (read(&said).map_err(NotProvided::new), None),
        Err(error) => error,
    };
    let py = function.py();
    let kind = type_name(error.value(py));
    let place = line_of(py, &error).map(|line| format!(" at {line}")).unwrap_or_default();
    let why = format!(
        "the function raised {kind}{place}; its text is left out, as it may hold the secret: catch \
         and log it in the function"
    );
    (Err(NotProvided::new(why)), ending(py, &error))
}

/// Returns a copy of `SystemExit` or `KeyboardInterrupt`. Where these arrive they are printed with
/// their causes, which may hold the secret.
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

/// Reads PEM, or the reason why there is none: `("pem", text)` or `("refused", why)`.
fn pem(said: &Bound<'_, PyAny>) -> Result<Secret, String> {
    match said.extract::<(String, String)>() {
        Ok((kind, text)) if kind == "pem" => Ok(Secret::new(text)),
        Ok((_, why)) => Err(why),
        Err(_) => Err(format!("the conversion returned {}", type_name(said))),
    }
}

/// Reads a password that a function returned.
fn password(said: &Bound<'_, PyAny>) -> Result<Secret, String> {
    let Ok(text) = said.cast::<PyString>() else {
        return Err(format!("the function must return str, not {}", type_name(said)));
    };
    match text.to_str() {
        Ok("") => Err("the function returned an empty text".to_owned()),
        Ok(text) => Ok(Secret::new(text.to_owned())),
        Err(_) => Err("the function returned text that has no UTF-8".to_owned()),
    }
}

/// Returns the line that raised, as `app.py:12`. `None` for code that is not written in Python.
fn line_of(py: Python<'_>, error: &PyErr) -> Option<String> {
    let traceback = error.traceback(py)?;
    let code = traceback.getattr("tb_frame").ok()?.getattr("f_code").ok()?;
    let file: String = code.getattr("co_filename").ok()?.extract().ok()?;
    let line: usize = traceback.getattr("tb_lineno").ok()?.extract().ok()?;
    Some(format!("{file}:{line}"))
}

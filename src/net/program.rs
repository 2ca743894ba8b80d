//! Requests to the program that uses the client: for passwords, tokens and PEM.

use std::fmt;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::config::Secret;
use crate::sasl::Token;

/// Maximum time for the program to answer a request.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The purpose of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PasswordOf {
    /// The SASL user.
    User,
    Key,
}

impl fmt::Display for PasswordOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "password",
            Self::Key => "key_password",
        })
    }
}

/// The purpose of PEM text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PemOf {
    Authorities,
    Certificate,
    Key,
}

impl fmt::Display for PemOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authorities => "ca",
            Self::Certificate => "certificate",
            Self::Key => "key",
        })
    }
}

/// A request that the program answers through its [`Reply`].
#[derive(Debug)]
pub enum ProgramRequest {
    Password(PasswordOf, Reply<Secret>),
    /// An OAUTHBEARER token.
    Token(Reply<Token>),
    /// PEM, converted from a file in another format.
    Pem(PemOf, Reply<Secret>),
}

/// Receives the program's answer. If it is dropped, the request fails because the producer is
/// closed.
#[derive(Debug)]
pub struct Reply<T>(oneshot::Sender<Result<T, NotProvided>>);

/// Why the program did not provide a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotProvided {
    /// The reason, without any secret.
    pub why: String,
    /// Whether a later request may succeed, such as after an outage of a token server.
    pub is_transient: bool,
}

impl NotProvided {
    /// Creates a permanent failure.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), is_transient: false }
    }
}

impl<T> Reply<T> {
    pub fn answer(self, provided: Result<T, NotProvided>) {
        // The requesting connection may be gone.
        let _unheard = self.0.send(provided);
    }
}

/// The program's pending answer.
#[derive(Debug)]
pub(super) struct Provided<T>(oneshot::Receiver<Result<T, NotProvided>>);

impl<T> Provided<T> {
    pub(super) async fn wait(self) -> Result<T, NotProvided> {
        self.0.await.unwrap_or_else(|_| Err(NotProvided::new("the producer is closed")))
    }
}

/// Creates a channel for one answer.
pub(super) fn reply<T>() -> (Reply<T>, Provided<T>) {
    let (reply, provided) = oneshot::channel();
    (Reply(reply), Provided(provided))
}

/// Asks the program for a secret, and waits for it. On timeout, `late` says what did not happen.
pub(super) async fn ask(
    program: &dyn Program,
    request: impl FnOnce(Reply<Secret>) -> ProgramRequest,
    late: &str,
) -> Result<Secret, NotProvided> {
    let (reply, provided) = reply();
    program.ask(request(reply));
    let late = |_| Err(NotProvided::new(format!("{late} within {PATIENCE:?}")));
    timeout(PATIENCE, provided.wait()).await.unwrap_or_else(late)
}

pub trait Program: fmt::Debug {
    /// Forwards a request without waiting for the answer.
    fn ask(&self, request: ProgramRequest);

    /// Logs a warning in the program's log.
    fn warn(&self, line: String);
}

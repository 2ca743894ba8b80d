//! What connections ask of the program that uses the client: passwords, tokens and PEM.

use std::fmt;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::config::Secret;
use crate::sasl::Token;

/// How long the program may take to provide something.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What a password is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PasswordOf {
    /// The user.
    User,
    /// The client certificate's private key.
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

/// What PEM is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PemOf {
    /// The trusted certificate authorities.
    Authorities,
    /// The client's certificate.
    Certificate,
    /// The client certificate's private key.
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

/// Something that the program is asked to provide.
#[derive(Debug)]
pub enum ProgramRequest {
    /// A password.
    Password(PasswordOf, Reply<Secret>),
    /// A token for OAUTHBEARER.
    Token(Reply<Token>),
    /// PEM, of a file that has another form.
    Pem(PemOf, Reply<Secret>),
}

/// Where the program's answer goes. Dropping it answers that the producer is closed.
#[derive(Debug)]
pub struct Reply<T>(oneshot::Sender<Result<T, NotProvided>>);

/// Why the program provides nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotProvided {
    /// The reason, which shows no secret.
    pub why: String,
    /// Whether the reason may go away by itself, as where a token server is down.
    pub is_transient: bool,
}

impl NotProvided {
    /// A reason that stays.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), is_transient: false }
    }
}

impl<T> Reply<T> {
    /// Provides what was asked for, or says why not.
    pub fn answer(self, provided: Result<T, NotProvided>) {
        // The connection that needed it may have been given up.
        let _unheard = self.0.send(provided);
    }
}

/// An answer of the program's that is to come.
#[derive(Debug)]
pub(super) struct Provided<T>(oneshot::Receiver<Result<T, NotProvided>>);

impl<T> Provided<T> {
    /// Waits for the answer.
    pub(super) async fn wait(self) -> Result<T, NotProvided> {
        self.0.await.unwrap_or_else(|_| Err(NotProvided::new("the producer is closed")))
    }
}

/// A place for an answer, and the answer.
pub(super) fn reply<T>() -> (Reply<T>, Provided<T>) {
    let (reply, provided) = oneshot::channel();
    (Reply(reply), Provided(provided))
}

/// Asks the program for a secret, and waits for it. `late` says what did not happen in time.
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

/// The program that uses the client.
pub trait Program: fmt::Debug {
    /// Passes a request on. Does not wait for the answer.
    fn ask(&self, request: ProgramRequest);

    /// Tells the program's log of something that is not as it should be.
    fn warn(&self, line: String);
}

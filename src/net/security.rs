//! How the connections of one client are secured: what is loaded once for all of them, what is kept
//! between them, and what is counted.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use ring::rand::{SecureRandom, SystemRandom};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::conversion::converted;
use super::expiries::Expiries;
use super::password::read;
use super::program::{PATIENCE, PasswordOf, Program, ProgramRequest};
use super::security_counts::SecurityCounts;
use super::tokens::Tokens;
use crate::config::{Address, BearerLogin, Mechanism, PasswordLogin, Sasl, Secret, Security, Tls};
use crate::error::{Error, ErrorKind, Result};
use crate::sasl::{Client, Derivation, KeyCache, Keys, OAUTHBEARER, Token};
use crate::tls::{ClientTls, Stamp};

/// Bytes of randomness in a nonce.
const NONCE: usize = 24;

/// How the connections of one client are secured.
#[derive(Debug)]
pub struct LinkSecurity {
    settings: Security,
    program: Rc<dyn Program>,
    counts: Arc<SecurityCounts>,
    /// Loaded when the first connection is opened, and again when a file has changed.
    tls: RefCell<Option<Loaded>>,
    /// Whether the log says that changed files cannot be loaded.
    is_stale: Cell<bool>,
    expiries: RefCell<Expiries>,
    /// What is asked for in place of the configured mechanism, which the brokers do not offer.
    instead: Cell<Option<Mechanism>>,
    keys: RefCell<KeyCache>,
    tokens: Rc<Tokens>,
}

/// Certificates and keys, and what their files looked like before.
#[derive(Debug, Clone)]
struct Loaded {
    tls: Rc<ClientTls>,
    stamp: Stamp,
}

impl LinkSecurity {
    /// Loads nothing yet. Secrets that the settings do not hold are asked of the `program`.
    pub fn new(
        settings: Security,
        program: impl Program + 'static,
        counts: Arc<SecurityCounts>,
    ) -> Self {
        Self {
            settings,
            program: Rc::new(program),
            counts,
            tls: RefCell::default(),
            is_stale: Cell::default(),
            expiries: RefCell::default(),
            instead: Cell::default(),
            keys: RefCell::default(),
            tokens: Rc::default(),
        }
    }

    /// Connections in plain text, without logins.
    pub fn none() -> Self {
        Self::new(Security::default(), NoProgram, Arc::default())
    }

    pub(super) fn counts(&self) -> &SecurityCounts {
        &self.counts
    }

    /// Whether clients log in.
    pub fn has_login(&self) -> bool {
        self.settings.sasl.is_some()
    }

    /// Whether opening a connection takes more than one exchange.
    pub fn is_secured(&self) -> bool {
        self.settings.tls.is_some() || self.has_login()
    }

    /// A broker has shown its certificate, which expires then.
    pub(super) fn peer_expires_at(&self, broker: &Address, at: Option<SystemTime>) {
        if let Some(at) = at {
            self.expiries.borrow_mut().set_peer(broker, at);
        }
        self.counts.expires_at(self.expiries.borrow_mut().first());
    }

    /// What encrypts connections, or `None` if nothing does. Files that have changed are loaded anew;
    /// while that fails, as where only one of a pair was replaced yet, the old ones are used.
    pub(super) async fn tls(&self) -> Result<Option<Rc<ClientTls>>> {
        let Some(settings) = &self.settings.tls else { return Ok(None) };
        let known = self.tls.borrow().clone();
        if known.is_some() && !Stamp::has_files(settings) {
            return Ok(known.map(|known| known.tls));
        }
        let looked_at = settings.clone();
        // Before the files are read: what changes in between is found to have changed next time.
        let stamping = blocking(move || Stamp::of(&looked_at));
        let stamp = match (timeout(PATIENCE, stamping).await, &known) {
            (Ok(stamp), _) => stamp?,
            // A network's file system that hangs must not hold up connections.
            (Err(_), Some(known)) => return Ok(Some(Rc::clone(&known.tls))),
            (Err(_), None) => {
                let message = format!("the files were not read within {PATIENCE:?}");
                return Err(Error::new(ErrorKind::Tls, message));
            }
        };
        if let Some(known) = known.as_ref().filter(|known| known.stamp == stamp) {
            self.is_stale.set(false);
            return Ok(Some(Rc::clone(&known.tls)));
        }
        match (self.load(settings).await, known) {
            (Ok(tls), _) => {
                self.is_stale.set(false);
                self.expiries.borrow_mut().set_own(tls.expires_at());
                self.counts.expires_at(self.expiries.borrow_mut().first());
                self.tls.replace(Some(Loaded { tls: Rc::clone(&tls), stamp }));
                Ok(Some(tls))
            }
            (Err(error), Some(known)) => {
                if !self.is_stale.replace(true) {
                    let line =
                        format!("the files of TLS have changed, and are not used yet: {error}");
                    self.program.warn(line);
                }
                Ok(Some(known.tls))
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Whether what encrypts connections can change: it comes from files.
    pub(super) fn tls_may_change(&self) -> bool {
        self.settings.tls.as_ref().is_some_and(Stamp::has_files)
    }

    async fn load(&self, settings: &Tls) -> Result<Rc<ClientTls>> {
        let settings = converted(settings, &*self.program).await?;
        let sealed = settings.identity.as_ref().and_then(|it| it.key_password.as_ref());
        let password = match sealed {
            Some(password) => Some(read(password, PasswordOf::Key, &*self.program).await?),
            None => None,
        };
        let loaded = blocking(move || ClientTls::load(&settings, password.as_ref())).await?;
        loaded.map(Rc::new).map_err(|error| as_tls(&error))
    }

    /// The login of a new connection, with the password or token as it is now; `None` if clients do
    /// not log in.
    pub(super) async fn login(&self) -> Result<Option<Login<'_>>> {
        self.login_with(self.tokens.to_connect(&self.program)).await
    }

    /// The login of an open connection whose login ends.
    pub(super) async fn renewal(&self) -> Result<Option<Login<'_>>> {
        self.login_with(self.tokens.to_renew(&self.program)).await
    }

    /// `token` is not awaited for a login by a password.
    async fn login_with(
        &self,
        token: impl Future<Output = Result<Token>>,
    ) -> Result<Option<Login<'_>>> {
        let Some(sasl) = &self.settings.sasl else { return Ok(None) };
        let credentials = match sasl {
            Sasl::Password(login) => {
                let password = read(&login.password, PasswordOf::User, &*self.program).await?;
                Credentials::Password { login, password }
            }
            Sasl::Bearer(login) => Credentials::Token { login, token: token.await? },
        };
        Ok(Some(Login { security: self, credentials }))
    }

    /// What a login by a password asks for: the configured mechanism, unless the brokers have
    /// another one alone.
    fn mechanism(&self, login: &PasswordLogin) -> Mechanism {
        self.instead.get().unwrap_or(login.mechanism)
    }
}

/// Runs what reads files on a thread that may wait.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.map_err(|panic| Error::new(ErrorKind::Tls, panic.to_string()))
}

/// The error of a setting of TLS that a connection finds to be unusable.
pub(super) fn as_tls(error: &Error) -> Error {
    Error::new(ErrorKind::Tls, error.to_string())
}

/// A program that provides nothing, for settings that need no secret.
#[derive(Debug)]
pub struct NoProgram;

impl Program for NoProgram {
    fn ask(&self, _: ProgramRequest) {}

    fn warn(&self, _: String) {}
}

/// A login to come.
#[derive(Debug)]
pub(super) struct Login<'a> {
    security: &'a LinkSecurity,
    credentials: Credentials<'a>,
}

/// The credentials of one login.
#[derive(Debug)]
enum Credentials<'a> {
    Password { login: &'a PasswordLogin, password: Secret },
    Token { login: &'a BearerLogin, token: Token },
}

impl Login<'_> {
    /// The name of the mechanism to ask for.
    pub(super) fn mechanism(&self) -> &'static str {
        match &self.credentials {
            Credentials::Password { login, .. } => self.security.mechanism(login).name(),
            Credentials::Token { .. } => OAUTHBEARER,
        }
    }

    /// The broker offers only these mechanisms. Returns whether another one may be asked for, on a
    /// new connection.
    pub(super) fn adapt(&self, offered: &[String]) -> bool {
        let Credentials::Password { login, .. } = &self.credentials else { return false };
        let instead = self.security.mechanism(login).instead(offered);
        if instead.is_some() {
            self.security.instead.set(instead);
        }
        instead.is_some()
    }

    /// Starts to log in.
    pub(super) fn start(&self) -> Result<Client> {
        let (login, password) = match &self.credentials {
            Credentials::Password { login, password } => (login, password),
            Credentials::Token { login, token } => return Client::bearer(token, &login.extensions),
        };
        let mut nonce = [0; NONCE];
        SystemRandom::new().fill(&mut nonce).map_err(|_| {
            Error::new(ErrorKind::Authentication, "the system gives no random bytes for a nonce")
        })?;
        Client::new(self.security.mechanism(login), &login.user, password, login.is_token, &nonce)
    }

    /// When the token expires, if that is known. Passwords do not.
    pub(super) fn expires_at(&self) -> Option<SystemTime> {
        match &self.credentials {
            Credentials::Password { .. } => None,
            Credentials::Token { token, .. } => token.expires_at,
        }
    }

    /// Has the next login ask for another token, as the broker refuses this one.
    pub(super) fn forget(&self) {
        if let Credentials::Token { token, .. } = &self.credentials {
            self.security.tokens.forget(token);
        }
    }

    /// SCRAM's keys. They are derived on a thread that may be busy, as that takes milliseconds.
    pub(super) async fn keys(&self, derivation: Derivation) -> Result<(Derivation, Keys)> {
        if let Some(known) = self.security.keys.borrow().get(&derivation) {
            return Ok((derivation, known));
        }
        let derive = spawn_blocking(move || {
            let keys = derivation.run();
            (derivation, keys)
        });
        derive.await.map_err(|panic| Error::new(ErrorKind::Protocol, panic.to_string()))
    }

    /// Keeps the keys of a login that succeeded: the server has proved that they are right.
    pub(super) fn keep(&self, derivation: Derivation, keys: Keys) {
        self.security.keys.borrow_mut().put(derivation, keys);
    }
}

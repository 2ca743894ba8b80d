//! TLS, logins and their counters for the connections of one client, with the state that these
//! connections share.

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

/// Random bytes in a nonce.
const NONCE: usize = 24;

/// The security settings of one client, and the state that its connections share.
#[derive(Debug)]
pub struct LinkSecurity {
    settings: Security,
    program: Rc<dyn Program>,
    counts: Arc<SecurityCounts>,
    /// Loaded for the first connection, and again when a file has changed.
    tls: RefCell<Option<Loaded>>,
    /// Whether the program was already warned that changed files cannot be loaded.
    is_stale: Cell<bool>,
    expiries: RefCell<Expiries>,
    /// The mechanism to request if the brokers do not offer the configured one.
    instead: Cell<Option<Mechanism>>,
    keys: RefCell<KeyCache>,
    tokens: Rc<Tokens>,
}

/// Certificates and keys, and the state of their files before they were read.
#[derive(Debug, Clone)]
struct Loaded {
    tls: Rc<ClientTls>,
    stamp: Stamp,
}

impl LinkSecurity {
    /// Loads nothing yet. Secrets that the settings do not contain are requested from `program`.
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

    /// Returns plain-text connections without a login.
    pub fn none() -> Self {
        Self::new(Security::default(), NoProgram, Arc::default())
    }

    pub(super) fn counts(&self) -> &SecurityCounts {
        &self.counts
    }

    /// Returns whether connections log in.
    pub fn has_login(&self) -> bool {
        self.settings.sasl.is_some()
    }

    /// Returns whether opening a connection takes more than one exchange.
    pub fn is_secured(&self) -> bool {
        self.settings.tls.is_some() || self.has_login()
    }

    /// Records when a broker's certificate expires.
    pub(super) fn peer_expires_at(&self, broker: &Address, at: Option<SystemTime>) {
        if let Some(at) = at {
            self.expiries.borrow_mut().set_peer(broker, at);
        }
        self.counts.expires_at(self.expiries.borrow_mut().first());
    }

    /// Returns the TLS configuration, or `None` for plain text. Reloads files that have changed. If
    /// that fails, the old configuration stays in use: perhaps only one file of a pair was replaced
    /// so far.
    pub(super) async fn tls(&self) -> Result<Option<Rc<ClientTls>>> {
        let Some(settings) = &self.settings.tls else { return Ok(None) };
        let known = self.tls.borrow().clone();
        if known.is_some() && !Stamp::has_files(settings) {
            return Ok(known.map(|known| known.tls));
        }
        let looked_at = settings.clone();
        // Taken before the files are read, so that a change in between is detected next time.
        let stamping = blocking(move || Stamp::of(&looked_at));
        let stamp = match (timeout(PATIENCE, stamping).await, &known) {
            (Ok(stamp), _) => stamp?,
            // A network file system that hangs must not block connections.
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

    /// Returns whether the TLS configuration comes from files, and so can change.
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

    /// Returns the login of a new connection, with the current password or token; `None` if no
    /// login is configured.
    pub(super) async fn login(&self) -> Result<Option<Login<'_>>> {
        self.login_with(self.tokens.to_connect(&self.program)).await
    }

    /// Returns the login that renews the one of an open connection.
    pub(super) async fn renewal(&self) -> Result<Option<Login<'_>>> {
        self.login_with(self.tokens.to_renew(&self.program)).await
    }

    /// Awaits `token` only for a bearer login.
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

    /// Returns the mechanism of a password login: the configured one, or its fallback.
    fn mechanism(&self, login: &PasswordLogin) -> Mechanism {
        self.instead.get().unwrap_or(login.mechanism)
    }
}

/// Runs blocking file access on a blocking thread.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.map_err(|panic| Error::new(ErrorKind::Tls, panic.to_string()))
}

/// Converts the error of an unusable TLS setting.
pub(super) fn as_tls(error: &Error) -> Error {
    Error::new(ErrorKind::Tls, error.to_string())
}

/// A program that drops every request, for settings that need no secret.
#[derive(Debug)]
pub struct NoProgram;

impl Program for NoProgram {
    fn ask(&self, _: ProgramRequest) {}

    fn warn(&self, _: String) {}
}

/// A login that has not started yet.
#[derive(Debug)]
pub(super) struct Login<'a> {
    security: &'a LinkSecurity,
    credentials: Credentials<'a>,
}

#[derive(Debug)]
enum Credentials<'a> {
    Password { login: &'a PasswordLogin, password: Secret },
    Token { login: &'a BearerLogin, token: Token },
}

impl Login<'_> {
    /// Returns the name of the mechanism to request.
    pub(super) fn mechanism(&self) -> &'static str {
        match &self.credentials {
            Credentials::Password { login, .. } => self.security.mechanism(login).name(),
            Credentials::Token { .. } => OAUTHBEARER,
        }
    }

    /// Falls back to one of the offered mechanisms. Returns whether that is possible; it needs a
    /// new connection.
    pub(super) fn adapt(&self, offered: &[String]) -> bool {
        let Credentials::Password { login, .. } = &self.credentials else { return false };
        let instead = self.security.mechanism(login).instead(offered);
        if instead.is_some() {
            self.security.instead.set(instead);
        }
        instead.is_some()
    }

    /// Starts the SASL exchange.
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

    /// Returns when the token expires, if known. Passwords do not expire.
    pub(super) fn expires_at(&self) -> Option<SystemTime> {
        match &self.credentials {
            Credentials::Password { .. } => None,
            Credentials::Token { token, .. } => token.expires_at,
        }
    }

    /// Discards the refused token, so that the next login requests another.
    pub(super) fn forget(&self) {
        if let Credentials::Token { token, .. } = &self.credentials {
            self.security.tokens.forget(token);
        }
    }

    /// Returns SCRAM's keys. Derives unknown ones on a blocking thread, as that takes milliseconds.
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

    /// Caches the keys of a successful login: the server has proved that they are right.
    pub(super) fn keep(&self, derivation: Derivation, keys: Keys) {
        self.security.keys.borrow_mut().put(derivation, keys);
    }
}

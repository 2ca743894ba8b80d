//! How the connections of one client are secured: what is loaded once for all of them, what is kept
//! between them, and what is counted.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use tokio::task::spawn_blocking;

use super::password::{AskPassword, PasswordOf, PasswordRequest, read};
use super::security_counts::SecurityCounts;
use crate::config::{Mechanism, Sasl, Secret, Security};
use crate::error::{Error, ErrorKind, Result};
use crate::sasl::{Client, Derivation, KeyCache, Keys};
use crate::tls::ClientTls;

/// Bytes of randomness in a nonce.
const NONCE: usize = 24;

/// How the connections of one client are secured.
#[derive(Debug)]
pub struct LinkSecurity {
    settings: Security,
    program: Box<dyn AskPassword>,
    counts: Arc<SecurityCounts>,
    /// Loaded when the first connection is opened.
    tls: RefCell<Option<Rc<ClientTls>>>,
    /// What is asked for in place of the configured mechanism, which the brokers do not offer.
    instead: Cell<Option<Mechanism>>,
    keys: RefCell<KeyCache>,
}

impl LinkSecurity {
    /// Loads nothing yet. Passwords that the settings do not hold are asked of the `program`.
    pub fn new(
        settings: Security,
        program: impl AskPassword + 'static,
        counts: Arc<SecurityCounts>,
    ) -> Self {
        Self {
            settings,
            program: Box::new(program),
            counts,
            tls: RefCell::default(),
            instead: Cell::default(),
            keys: RefCell::default(),
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

    /// What encrypts connections, or `None` if nothing does.
    pub(super) async fn tls(&self) -> Result<Option<Rc<ClientTls>>> {
        let Some(settings) = &self.settings.tls else { return Ok(None) };
        if let Some(loaded) = &*self.tls.borrow() {
            return Ok(Some(Rc::clone(loaded)));
        }
        let sealed = settings.identity.as_ref().and_then(|it| it.key_password.as_ref());
        let password = match sealed {
            Some(password) => Some(read(password, PasswordOf::Key, &*self.program).await?),
            None => None,
        };
        let settings = settings.clone();
        let load = spawn_blocking(move || ClientTls::load(&settings, password.as_ref()));
        let loaded = load.await.map_err(|panic| Error::new(ErrorKind::Tls, panic.to_string()))?;
        let loaded = loaded.map_err(|error| as_tls(&error))?;
        self.counts.expires_at(loaded.expires_at());
        let loaded = Rc::new(loaded);
        self.tls.replace(Some(Rc::clone(&loaded)));
        Ok(Some(loaded))
    }

    /// Who logs in, with which password, or `None` if clients do not log in.
    pub(super) async fn login(&self) -> Result<Option<Login<'_>>> {
        let Some(sasl) = &self.settings.sasl else { return Ok(None) };
        let password = read(&sasl.password, PasswordOf::User, &*self.program).await?;
        Ok(Some(Login { security: self, sasl, password }))
    }
}

/// The error of a setting of TLS that a connection finds to be unusable.
pub(super) fn as_tls(error: &Error) -> Error {
    Error::new(ErrorKind::Tls, error.to_string())
}

/// Is never asked: the settings need no password.
#[derive(Debug)]
pub(super) struct NoProgram;

impl AskPassword for NoProgram {
    fn ask(&self, _: PasswordRequest) {}
}

/// A login to come: the user, and the password as it is now.
#[derive(Debug)]
pub(super) struct Login<'a> {
    security: &'a LinkSecurity,
    sasl: &'a Sasl,
    password: Secret,
}

impl Login<'_> {
    /// The mechanism to ask for.
    pub(super) fn mechanism(&self) -> Mechanism {
        self.security.instead.get().unwrap_or(self.sasl.mechanism)
    }

    /// The broker offers only these mechanisms. Returns whether another one may be asked for, on a
    /// new connection.
    pub(super) fn adapt(&self, offered: &[String]) -> bool {
        let instead = self.mechanism().instead(offered);
        if instead.is_some() {
            self.security.instead.set(instead);
        }
        instead.is_some()
    }

    /// Starts to log in.
    pub(super) fn start(&self) -> Result<Client> {
        let mut nonce = [0; NONCE];
        SystemRandom::new().fill(&mut nonce).map_err(|_| {
            Error::new(ErrorKind::Authentication, "the system gives no random bytes for a nonce")
        })?;
        let Sasl { user, is_token, .. } = self.sasl;
        Client::new(self.mechanism(), user, &self.password, *is_token, &nonce)
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
